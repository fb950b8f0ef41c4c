# kinde-migrate: what there is to run. `make help` explains itself.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

VENV := $(CURDIR)/build/venv
PYTHON := $(VENV)/bin/python
RUFF := $(VENV)/bin/ruff
PYTHON_CODE := bindings-python bindings-c examples tests bench packaging
PREFIX_DIR := $(CURDIR)/build/prefix
export KINDE_MIGRATE_BIN := $(CURDIR)/target/release/kinde-migrate
# What `make install` takes: PREFIX=/usr/local, LIBDIR, DESTDIR.
PREFIX ?= /usr/local
MANDIR ?= $(PREFIX)/share/man
# How long `make fuzz` runs each fuzzer.
MINUTES ?= 1

.PHONY: help setup build demo test fuzz soak bench install uninstall format clean packages test-packages release \
	test-lint test-rust test-crash test-python test-node test-c test-php test-readme

help: ## What there is to run
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | sort | expand -t 14

setup: ## Install what building and testing need (says first what)
	@tools/setup.sh

build: setup ## Build everything: command, C library, wheel, npm addon, PHP extension
	cargo build --release -p kinde-migrate-cli
	@# Apart: together, the library would be given the command's features of tokio.
	@$(MAKE) -s -f bindings-c/Makefile lib
	@$(MAKE) -s -f bindings-c/Makefile install PREFIX=$(PREFIX_DIR)
	tools/wheel.sh
	tools/addon.sh
	@$(MAKE) -s -C bindings-php

demo: build ## Run the main job: four real applications into a local Kinde, and a table
	@$(PYTHON) examples/demo.py

test: build test-lint test-rust test-crash test-python test-node test-c test-php test-readme ## Run everything
	@echo "all of it passed"

test-lint: ## Formatting, lints and types in every language
	cargo fmt --all --check && cargo fmt --manifest-path fuzz/Cargo.toml --check
	cargo clippy --workspace --all-targets --quiet -- -D warnings
	$(RUFF) check $(PYTHON_CODE) && $(RUFF) format --check $(PYTHON_CODE)
	cd bindings-python && $(VENV)/bin/mypy
	$(VENV)/bin/mypy --strict packaging/check.py packaging/test.py packaging/sbom.py packaging/version.py bindings-c/man.py
	packaging/version.py >/dev/null
	for package in bindings-python bindings-node cli; do cmp LICENSE-MIT $$package/LICENSE-MIT && cmp LICENSE-APACHE $$package/LICENSE-APACHE || exit 1; done
	cd build && $(PYTHON) -m mypy.stubtest kinde_migrate._native
	@$(MAKE) -s -f bindings-c/Makefile check-format
	cd bindings-node && npm run --silent format && npm run --silent types

test-rust: ## Rust: units, the sandbox, the hash vectors, the scenarios
	cargo build --quiet -p kinde-migrate-c
	cargo test --workspace --exclude kinde-migrate-crash --quiet

test-crash: ## Kill callers and workers 2,000 times, at every step and at random; break the disk; turn the clock
	cargo test -p kinde-migrate-crash --quiet -- --nocapture

test-python: ## Python: the wheel, the scenarios, Django
	cd bindings-python && $(PYTHON) -m pytest -q -p no:cacheprovider
	cd examples/django && $(PYTHON) -m pytest -q -p no:cacheprovider

test-node: ## Node: the package, the scenarios, Express
	cd bindings-node && npm test --silent
	cd examples/express && npm test --silent

test-c: ## C: header, ABI, the scenarios, the example, Valgrind
	@$(MAKE) -s -f bindings-c/Makefile check

test-php: ## PHP: .phpt, the scenarios, php-fpm, Valgrind, the example
	@$(MAKE) -s -C bindings-php check

test-readme: ## Every example of the README, as it stands there
	$(PYTHON) tests/readme.py

fuzz: ## Fuzz the hashes' recognition, mapping and parsers, so many minutes each (MINUTES=60)
	tools/fuzz.sh $(MINUTES)

soak: ## Kill callers and workers 20,000 times (KINDE_CRASH_SEED=2 for another course)
	KINDE_CRASH_KILLS=20000 cargo test -p kinde-migrate-crash --test kills --quiet -- --nocapture

bench: build ## Measure, print a table, write build/bench.json
	cargo build --release -p kinde-migrate-bench
	$(PYTHON) bench/run.py
	bench/sandbox.sh

install: ## Install what `make build` has built: C library, command, its unit and man pages (PREFIX, LIBDIR, DESTDIR)
	@test -x target/release/kinde-migrate || { echo "there is no target/release/kinde-migrate: run \`make build\` first, as the user who has cargo" >&2; exit 1; }
	@$(MAKE) -s -f bindings-c/Makefile install PREFIX=$(PREFIX)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/systemd/system $(DESTDIR)$(MANDIR)/man1 \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions $(DESTDIR)$(PREFIX)/share/zsh/site-functions $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	install -m 755 target/release/kinde-migrate $(DESTDIR)$(PREFIX)/bin
	target/release/kinde-migrate man --into $(DESTDIR)$(MANDIR)/man1
	target/release/kinde-migrate completions bash > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/kinde-migrate
	target/release/kinde-migrate completions zsh > $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_kinde-migrate
	target/release/kinde-migrate completions fish > $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/kinde-migrate.fish
	sed 's|/usr/local/bin|$(PREFIX)/bin|' cli/systemd/kinde-migrate.service \
		> $(DESTDIR)$(PREFIX)/lib/systemd/system/kinde-migrate.service

uninstall: ## Remove what `make install` installed, by the same PREFIX, LIBDIR and DESTDIR
	@$(MAKE) -s -f bindings-c/Makefile uninstall PREFIX=$(PREFIX)
	rm -f $(DESTDIR)$(PREFIX)/bin/kinde-migrate $(DESTDIR)$(MANDIR)/man1/kinde-migrate.1 $(DESTDIR)$(MANDIR)/man1/kinde-migrate-*.1 \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/kinde-migrate $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_kinde-migrate \
		$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/kinde-migrate.fish $(DESTDIR)$(PREFIX)/lib/systemd/system/kinde-migrate.service

packages: ## Build what is published into build/packages: wheels, npm, Debian and PHP packages, for glibc 2.17
	packaging/setup.sh
	packaging/version.py
	packaging/workflows.sh
	packaging/build.sh
	packaging/pack.sh
	packaging/check.py

test-packages: ## Install each of build/packages into an empty place, without Rust, and run a migration there
	packaging/test.py

release: ## Set the version, build everything twice and compare it (VERSION=1.2.3)
	packaging/release.sh $(VERSION)

format: ## Format every language
	cargo fmt --all
	$(RUFF) check --fix $(PYTHON_CODE) && $(RUFF) format $(PYTHON_CODE)
	@$(MAKE) -s -f bindings-c/Makefile format
	cd bindings-node && npx prettier --write .

clean: ## Remove what was built
	rm -rf build target bindings-node/*.node bindings-node/node_modules examples/express/node_modules
