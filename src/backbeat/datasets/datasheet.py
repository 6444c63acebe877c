"""The page that travels with a written dataset.

References:
    | Datasheets for Datasets (Gebru et al., Communications of the ACM 64(12), 2021), for the questions it answers
"""

from typing import Any

from backbeat.plugins import Plugin

_PAGE = """# {count} sounds of the {plugin}, with the params that made them

Made by backbeat {backbeat}. Everything here is a function of `manifest.json`: the same command makes the same items.

## Composition

- {count} items, positions 0 to {last} of the `{split}` split: {seconds:g} s each at {sample_rate} Hz, mono,
  {hours:.2f} hours in all, in {shards} shards of up to {per_shard} items.
- Of each item, `INDEX.flac` is the sound, 16 bits, and `INDEX.json` has its `index`, its `params` (the names are in the
  manifest, in order; each from 0 to 1), the `seed` of its noise, and the `scale` that the sound has been divided by,
  1 but for sounds beyond full scale.
- Nothing in it was recorded, and nothing is about people.

## How it was made

- Params are drawn from the distribution `{distribution}` with seed {seed}: {meaning}
- A hash of the index draws them, so that item i is the same whenever it is made. Of every ten blocks of 64 indices,
  eight are for training, one for validation and one for tests: no item is in two splits. The items of a block share
  the seed of their noise.
- Rendered by version {plugin_version} of the plugin{options}. {augmented}

## Uses

To train and to test networks that name a patch by its sound. Uniform params are mostly not what a musician would call
a drum; musical ones lie where presets do. Real one-shots have been through rooms, microphones and compressors; these
have not, unless augmented.

## Reading it

WebDataset reads the shards as they are (`webdataset.WebDataset("{pattern}")`), and so does
`backbeat.datasets.read(FOLDER)`. `backbeat dataset verify FOLDER` compares every shard with its SHA-256.
"""

_MEANINGS = {
    "uniform": "each uniform over its whole range, and one option of each choice.",
    "musical": "one half uniform within each parameter's musical range, one half around the plugin's presets.",
}


def datasheet(manifest: dict[str, Any], plugin: Plugin) -> str:
    """The page of a manifest."""
    changes = manifest["augmentation"]
    options = ", ".join(f"{name} = {value}" for name, value in plugin.options.items())
    shards = manifest["shards"]
    return _PAGE.format_map(
        {
            **manifest,
            "last": manifest["count"] - 1,
            "hours": manifest["count"] * manifest["seconds"] / 3600.0,
            "shards": len(shards),
            "per_shard": max(record["items"] for record in shards),
            "meaning": _MEANINGS[manifest["distribution"]],
            "options": f" ({options})" if options else "",
            "augmented": "Nothing was done to the sounds after that."
            if changes is None
            else "Then each was changed as a recording would: "
            + ", ".join(f"`{name}` {value:g}" for name, value in changes.items() if value is not None)
            + ".",
            "pattern": f"{plugin.name}-{manifest['split']}-{{000000..{len(shards) - 1:06d}}}.tar",
        }
    )
