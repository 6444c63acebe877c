"""The errors of backbeat, under one base class.

    BackbeatError
    ├── AudioError       a sound file that cannot be read or written
    ├── ParameterError   a control name, value or shape that a table does not allow
    ├── PluginError      an instrument that does not exist or is not well formed
    │   └── RecordingError  a signal chain that does what no program can
    ├── RenderError      a batch that does not fit into memory
    ├── KernelError      kernels that are not there, or cannot do what is asked
    ├── ProgramError     a program that cannot be read or run
    ├── PatchError       a patch that cannot be loaded, validated or saved
    ├── MatchError       a match that cannot be started or resumed
    ├── DatasetError     a dataset that cannot be written, continued or read
    ├── LibraryError     a library that cannot be matched, continued or read
    ├── TrainingError    a training that cannot be begun or resumed
    ├── InverterError    an inverter that cannot be written, read or used
    ├── KitError         a kit, ours or a sampler's, that cannot be read, written or played
    ├── SongError        a MIDI file or a pattern that cannot be read or written
    └── UsageError       a command line that asks for what there is not

Every message is one line that names the file or field, the value found and what is allowed.
"""


class BackbeatError(Exception):
    """Base class: whatever backbeat raises on purpose."""


class AudioError(BackbeatError):
    """A sound file that cannot be read or written."""


class ParameterError(BackbeatError):
    """A control name, value or shape that a table does not allow."""


class PluginError(BackbeatError):
    """An instrument that does not exist or is not well formed."""


class RecordingError(PluginError):
    """A signal chain that does what no program can."""


class RenderError(BackbeatError):
    """A batch that does not fit into memory."""


class KernelError(BackbeatError):
    """Kernels that are not there, or cannot do what is asked."""


class ProgramError(BackbeatError):
    """A program that cannot be read or run."""


class PatchError(BackbeatError):
    """A patch that cannot be loaded, validated or saved."""


class MatchError(BackbeatError):
    """A match that cannot be started or resumed."""


class DatasetError(BackbeatError):
    """A dataset that cannot be written, continued or read."""


class LibraryError(BackbeatError):
    """A library that cannot be matched, continued or read."""


class TrainingError(BackbeatError):
    """A training that cannot be begun or resumed."""


class InverterError(BackbeatError):
    """An inverter that cannot be written, read or used."""


class KitError(BackbeatError):
    """A kit, ours or a sampler's, that cannot be read, written or played."""


class SongError(BackbeatError):
    """A MIDI file or a pattern that cannot be read or written."""


class UsageError(BackbeatError):
    """A command line that asks for what there is not."""
