"""From who silences whom to groups whose members silence each other: what a description knows of chokes."""

from __future__ import annotations

from collections.abc import Sequence


def choke_groups(sounds: Sequence[tuple[frozenset[str], frozenset[str]]]) -> list[int]:
    """The group of each sound: 0 where it is silenced by none that there is, and silences none.

    Sounds are in one group if a chain of silencing joins them. A group that a file numbers keeps its number.

    Args:
        sounds: of each, the tags that it has, and those whose sounds silence it.
    """
    had = {tag for tags, _ in sounds for tag in tags}
    active = {tag for _, silencers in sounds for tag in silencers if tag in had}
    leader = {tag: tag for tag in active}

    def lead(tag: str) -> str:
        while leader[tag] != tag:
            leader[tag] = tag = leader[leader[tag]]
        return tag

    joined = [[tag for tag in sorted(tags | silencers) if tag in active] for tags, silencers in sounds]
    for tags in joined:
        for tag in tags[1:]:
            leader[lead(tag)] = lead(tags[0])
    numbers: dict[str, int] = {}
    for tags in joined:
        if tags:
            numbers.setdefault(lead(tags[0]), 0)
    own: dict[str, int] = {}
    for tag in active:
        if tag.isascii() and tag.isdecimal() and len(tag) < 5 and int(tag) > 0:
            own[lead(tag)] = min(int(tag), own.get(lead(tag), int(tag)))
    free = (number for number in range(1, len(sounds) + len(own) + 1) if number not in own.values())
    for group in numbers:
        numbers[group] = own.get(group) or next(free)
    return [numbers[lead(tags[0])] if tags else 0 for tags in joined]
