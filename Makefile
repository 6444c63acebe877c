# Everything runs in .venv, which the first target to need it creates; constraints.txt pins what goes in.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
FOLDER ?= examples/sounds
GPU ?= cuda
DPF ?= /usr/share/dpf
FACE ?= AUTO
SANITIZED ?= tests/kernels tests/program
READY := $(VENV)/.ready
TRITON := $(VENV)/.triton
KERNELS := $(wildcard src/backbeat/kernels/*.cpp src/backbeat/kernels/*.h)
OTHER_CPP := examples/engine/render_patch.cpp ports/web/runtime.cpp $(wildcard ports/plugin/*.cpp ports/plugin/*.h tests/ports/*.cpp)
PIP := PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: demo kernels web plugin test test-all test-parity test-processors test-sanitize check format bench bench-gpu docs clean

demo: $(READY)  ## Match a kick that ships with the repo; write patch, sound, picture and page
	$(BIN)/backbeat match examples/sounds/bd_fat.flac --out demo-output

test: $(TRITON)  ## The whole test suite (under 10 minutes on 2 cores)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2

test-all: $(TRITON)  ## The suite and what is too slow for it
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 -m ''

test-processors: $(TRITON)  ## The numerical tests as on other processors, on one thread and on two
	$(BIN)/python tests/processors.py

test-parity: $(READY)  ## A table of the engines that run here, and whether hits have the same bits in each (4 minutes)
	OMP_NUM_THREADS=1 $(BIN)/python tests/parity.py

test-sanitize: $(READY)  ## The kernels' tests, with kernels that stop at what C++ does not define; slow
	cmake -S . -B build/sanitize -DBACKBEAT_SANITIZE=ON
	cmake --build build/sanitize --parallel 2
	BACKBEAT_KERNELS_FOLDER=$(CURDIR)/build/sanitize LD_PRELOAD="$(foreach each,libasan.so libstdc++.so,$(shell $(CXX) -print-file-name=$(each)))" \
	ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 OMP_NUM_THREADS=1 \
	$(BIN)/python -m pytest -n 2 $(SANITIZED) \
	--deselect tests/kernels/test_operations.py::TestBits::test_in_every_variant \
	--ignore tests/kernels/test_aarch64.py --ignore tests/kernels/test_webassembly.py \
	--deselect tests/kernels/test_processes.py  # one variant is built, and the checks take memory of their own

check: $(READY)  ## Lint, format, types, layers, generated pages
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/clang-format --dry-run --Werror $(KERNELS) $(OTHER_CPP)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/generate.py --check

kernels: $(READY)  ## Build the kernels again, where their sources have changed

web: $(READY)  ## The package for JavaScript, in build/web/package
	PATH="$(CURDIR)/$(BIN):$$PATH" cmake -S . -B build/web -G Ninja --toolchain ports/zig.cmake \
	-DBACKBEAT_TARGET=wasm32-wasi -DBACKBEAT_LEGACY_EXCEPTIONS=ON
	PATH="$(CURDIR)/$(BIN):$$PATH" cmake --build build/web --parallel 2
	$(BIN)/python ports/web/package.py build/web/backbeat.wasm --out build/web/package

plugin: $(READY)  ## The plugin for hosts of CLAP, LV2 and VST3, in build/plugin
	@test -e $(DPF)/distrho/DistrhoPluginMain.cpp && command -v $(CXX) >/dev/null || \
	{ echo "make plugin needs a C++ compiler and DPF: install the packages g++ and dpf-source, or set DPF=FOLDER" >&2; exit 1; }
	PATH="$(CURDIR)/$(BIN):$$PATH" cmake -S . -B build/plugin/make -G Ninja -DBACKBEAT_PLUGIN=ON -DDPF=$(DPF) -DBACKBEAT_FACE=$(FACE) \
	-DBACKBEAT_OUT=$(CURDIR)/build/plugin -DPython3_EXECUTABLE=$(CURDIR)/$(BIN)/python
	PATH="$(CURDIR)/$(BIN):$$PATH" cmake --build build/plugin/make --parallel 2

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/clang-format -i $(KERNELS) $(OTHER_CPP)

docs: $(READY)  ## Regenerate the parameter pages from the tables
	$(BIN)/python docs/generate.py

bench: $(READY)  ## Speed beside a peer, and match quality over FOLDER (default: the example sounds)
	$(PIP) -r benchmarks/requirements.txt
	$(BIN)/python benchmarks/speed.py --out benchmarks/results/speed.json
	$(BIN)/python benchmarks/match.py $(FOLDER) --out benchmarks/results/match.json

bench-gpu: $(READY)  ## All that a GPU can tell, in four minutes, beside torchsynth and SynthAX
	$(PIP) -r benchmarks/requirements-gpu.txt
	$(BIN)/python benchmarks/gpu.py --device $(GPU) --out benchmarks/results/gpu.json

clean:
	rm -rf $(VENV) demo-output build/tests

$(READY): pyproject.toml constraints.txt CMakeLists.txt $(KERNELS)
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "backbeat needs Python 3.11 or newer; set PYTHON=…")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) --editable '.[dev]'
	touch $@

$(TRITON): $(READY)  ## Tests run the kernels for a GPU without one; their compiler is as large as all else
	$(PIP) triton
	touch $@
