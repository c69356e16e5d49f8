"""What the README, the map, the pins and the rules of the house promise is so."""

import ast
import json
import re
import subprocess
import sys
import tokenize
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from io import StringIO
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from core.config import NEEDED_IN_PRODUCTION, Config
from tests.support.example import example

ROOT = Path(__file__).parent.parent
PACKAGES = ("core", "engine", "flows", "integrations", "web")
README = (ROOT / "README.md").read_text()
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
FLOW_IMPORTS = {
    *(f"core.{name}" for name in ("events", "actions", "facts", "settings", "steps", "reasons", "money")),
    "flows.flow",
}
# Our own shop and our own mailbox have pages, and mail by SMTP is nobody's alone: the web may speak of
# them. All other folders are vendors', even where only one of them plays a role.
OURS = {"sandbox", "mailbox"}
FOLDERS = {path.name for path in (ROOT / "integrations").iterdir() if (path / "__init__.py").exists()}
FORBIDDEN = {
    r"\bactivate_session\b": "shopifyapi's session belongs to the process, not to the merchant",
    r"\bSession\.temp\b": "after an exception the other merchant's token stays active",
    r"\bshopify\.GraphQL\b": "it has no timeout",
}
MAKE_TARGETS = {
    "run", "test", "lint", "plugin", "bench", "torture", "screenshots", "spamcheck", "themecheck", "help",
}  # fmt: skip
REGISTRIES = (
    "pypi" + ".org",
    "python" + "hosted.org",
    "registry." + "npmjs",
    "--index" + "-url",
    "find" + "-links",
)
COMMITTED = (
    ".ci/run",
    ".env.example",
    ".gitignore",
    ".python-version",
    "CHANGELOG.md",
    "LICENSE",
    "Makefile",
    "Procfile",
    "README.md",
    "app.json",
    "pyproject.toml",
    "requirements-dev.txt",
    "requirements.txt",
)


def sources(*folders: str) -> list[Path]:
    """Our Python files; what another part of the house has not built yet is not there."""
    app = [ROOT / "app.py"] if (ROOT / "app.py").exists() else []
    return app + [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


PRODUCT = sources(*PACKAGES)
ALL = sources(*PACKAGES, "tests", "bench")
each_of_ours = pytest.mark.parametrize("path", PRODUCT, ids=shown)
each_file = pytest.mark.parametrize("path", ALL, ids=shown)


def imports(path: Path) -> Iterator[str]:
    """Every module a file names; `from core import clock` names core.clock."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{shown(path)} imports relatively"
            yield from _named(node)


def _named(node: ast.ImportFrom) -> Iterator[str]:
    module = node.module or ""
    for alias in node.names:
        as_module = ROOT / module.replace(".", "/") / f"{alias.name}.py"
        yield f"{module}.{alias.name}" if as_module.exists() else module


# The page a newcomer reads.


def test_what_the_map_names_is_there() -> None:
    table = README.partition("## Map of the code")[2].partition("Imports go one way")[0]
    named = re.findall(r"^\| `([^`]+)` \|", table, flags=re.MULTILINE)
    arriving = {"app.py", "bench/"} - {"app.py" if (ROOT / "app.py").exists() else ""}
    assert [path for path in named if path not in arriving and not (ROOT / path).exists()] == []


def test_every_folder_of_ours_is_on_the_map() -> None:
    ignored = {line.strip("/\n") for line in (ROOT / ".gitignore").read_text().splitlines()}
    folders = {path.name for path in ROOT.iterdir() if path.is_dir()} - ignored
    hidden = {name for name in folders if name.startswith(".")}
    assert {name for name in folders - hidden if f"| `{name}/` |" not in README} == set()


def test_the_readme_names_every_target_and_only_those() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z]+):.*## ", makefile, flags=re.MULTILINE))
    assert targets == MAKE_TARGETS
    assert set(re.findall(r"`make ([a-z]+)", README)) == targets


def test_make_help_lists_them() -> None:
    told = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert all(f"make {target} " in told for target in MAKE_TARGETS)


def test_files_the_readme_links_exist() -> None:
    links = re.findall(r"\]\((?!http)([^)]+)\)", README)
    assert links != []
    assert [link for link in links if not (ROOT / link).parent.is_dir()] == []


def test_every_decision_has_its_number_once_and_one_paragraph() -> None:
    files = sorted((ROOT / "docs/decisions").glob("*.md"))
    assert [int(path.name[:4]) for path in files] == list(range(1, len(files) + 1))
    for path in files:
        title, paragraph = path.read_text().strip().split("\n\n", 1)
        assert title.startswith(f"# {int(path.name[:4])}. "), path.name
        assert "**Decision:**" in paragraph, path.name
        assert "**Consequence:**" in paragraph, path.name


def test_the_changelog_tells_what_is_new() -> None:
    assert "## Unreleased" in (ROOT / "CHANGELOG.md").read_text()


# Settings.


def test_the_example_lists_every_setting_with_its_default() -> None:
    assert (ROOT / ".env.example").read_text() == example(), (
        "renew it: .venv/bin/python -m tests.support.example > .env.example"
    )


def test_the_host_is_told_of_every_setting_production_needs() -> None:
    told = json.loads((ROOT / "app.json").read_text())
    by_add_ons = {"DATABASE_URL", "REDIS_URL"}
    assert {name.upper() for name in NEEDED_IN_PRODUCTION} - by_add_ons <= set(told["env"])
    assert told["env"]["KONTOR_ENV"]["value"] == "production"
    known = {name.upper() for name in Config.model_fields} | {"WEB_CONCURRENCY"}
    assert set(told["env"]) <= known


def test_the_host_runs_release_web_and_worker() -> None:
    lines = (ROOT / "Procfile").read_text().splitlines()
    assert {line.split(":")[0] for line in lines} == {"release", "web", "worker"}


# The tools.


def test_every_ignored_rule_has_its_reason_beside_it() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    lists = re.findall(r"^(?:ignore|\"[^\"]+\") = \[\n(.*?)^\]", text, flags=re.MULTILINE | re.DOTALL)
    rules = [line for entries in lists for line in entries.splitlines()]
    ignored = PYPROJECT["tool"]["ruff"]["lint"]
    counted = [*ignored["ignore"], *(rule for file in ignored["per-file-ignores"].values() for rule in file)]
    assert len(rules) == len(counted)
    assert [line for line in rules if not re.search(r"# .{15,}\.$", line)] == []


@each_file
def test_every_exception_from_a_rule_has_its_reason_beside_it(path: Path) -> None:
    for token in tokenize.generate_tokens(StringIO(path.read_text()).readline):
        if token.type == tokenize.COMMENT and "noqa" in token.string:
            assert re.search(r"noqa: [A-Z0-9, ]+ - .{10,}", token.string), f"{shown(path)}:{token.start[0]}"


def test_the_import_rules_hold() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [program, "--no-logo", "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def pins(name: str) -> dict[str, str]:
    lines = (ROOT / name).read_text().splitlines()
    parted = [line.partition("==") for line in lines if not line.startswith("-r ")]
    assert all(re.fullmatch(r"[\w.-]+", name) and version for name, _, version in parted), name
    return {canonicalize_name(name): version for name, _, version in parted}


def test_what_the_product_imports_is_pinned_and_declared() -> None:
    declared = {canonicalize_name(Requirement(line).name) for line in PYPROJECT["project"]["dependencies"]}
    pinned = pins("requirements.txt")
    foreign = third_party(PRODUCT)
    assert foreign - set(pinned) == set()
    # Named by their users: httpcore2 by httpx2, Babel's and Jinja's helpers likewise.
    assert foreign - declared - {"httpcore2", "pydantic-core", "python-dotenv", "markupsafe"} == set()


def test_what_the_tests_import_is_pinned() -> None:
    assert third_party(ALL) - set(pins("requirements.txt")) - set(pins("requirements-dev.txt")) == set()


def test_the_pins_are_not_below_their_floors() -> None:
    wanted = [Requirement(line) for line in PYPROJECT["project"]["dependencies"]]
    dev = [Requirement(line) for line in PYPROJECT["dependency-groups"]["dev"]]
    pinned = pins("requirements.txt") | pins("requirements-dev.txt")
    for requirement in wanted + dev:
        assert requirement.specifier.contains(pinned[canonicalize_name(requirement.name)]), requirement


def test_the_packages_the_product_is_built_on_are_declared() -> None:
    declared = {Requirement(line).name for line in PYPROJECT["project"]["dependencies"]}
    assert {"flask", "shopifyapi", "woocommerce", "sqlmodel", "authlib", "huey", "jinja2"} <= declared


def third_party(paths: list[Path]) -> set[str]:
    own = {*PACKAGES, "app", "bench", "tests"}
    roots = {name.split(".")[0] for path in paths for name in imports(path)}
    known = packages_distributions()
    return {
        canonicalize_name(known[root][0]) for root in roots - own - sys.stdlib_module_names if root in known
    }


# The code.


@each_file
def test_every_module_begins_with_a_sentence(path: Path) -> None:
    if path.name == "__init__.py" and not path.read_text().strip():
        return
    told = ast.get_docstring(ast.parse(path.read_text()))
    assert told, "no docstring"
    assert told.split("\n\n")[0].rstrip().endswith((".", "?", "`.", ":")), told


@each_of_ours
def test_no_file_is_longer_than_300_lines(path: Path) -> None:
    if "migrations" not in path.parts:
        assert len(path.read_text().splitlines()) <= 300


@each_of_ours
def test_no_function_is_longer_than_30_lines(path: Path) -> None:
    if "migrations" in path.parts:
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef):
            length = (node.end_lineno or 0) - node.body[0].lineno + 1
            assert length <= 30, f"{node.name}: {length} lines"


@each_of_ours
def test_time_comes_from_our_clock(path: Path) -> None:
    if shown(path) != "core/clock.py":
        assert re.search(r"\b(datetime\.(now|utcnow|today)|date\.today)\(", path.read_text()) is None


@each_of_ours
def test_nothing_is_said_for_whichever_merchant_spoke_last(path: Path) -> None:
    for pattern, why in FORBIDDEN.items():
        assert re.search(pattern, path.read_text()) is None, why


@each_of_ours
def test_only_a_vendors_folder_asks_which_platform_it_is(path: Path) -> None:
    if shown(path).startswith("integrations/") and path.parent.name != "integrations":
        return
    vendors = "shopify|woocommerce|sandbox|smtp|mailbox"
    asked = re.search(rf"\b(platform|kind|vendor)\s*[!=]=\s*[\"']({vendors})[\"']", path.read_text())
    assert asked is None, asked


def neutral(*suffixes: str) -> list[Path]:
    """What stays as it is when a platform is added. The fakes of web/fakes are made
    for one platform each, and no page or door knows them."""
    folders = [ROOT / name for name in ("engine", "web", "templates")]
    found = [path for folder in folders for path in folder.rglob("*") if path.suffix in suffixes]
    return sorted(path for path in found if not shown(path).startswith("web/fakes/"))


@pytest.mark.parametrize("path", neutral(".py"), ids=shown)
def test_web_and_engine_import_no_vendors_folder(path: Path) -> None:
    folders = {name.split(".")[1] for name in imports(path) if name.startswith("integrations.")}
    assert folders & (FOLDERS - OURS) == set()
    if path.is_relative_to(ROOT / "engine"):
        assert folders & FOLDERS == set()


@pytest.mark.parametrize("path", neutral(".py", ".html", ".txt"), ids=shown)
def test_web_engine_and_templates_name_no_vendor(path: Path) -> None:
    vendors = FOLDERS - OURS - {"smtp"}
    assert {"shopify", "woocommerce"} <= vendors
    assert [name for name in sorted(vendors) if name in path.read_text().lower()] == []


@pytest.mark.parametrize("path", sorted((ROOT / "flows").glob("*.py")), ids=shown)
def test_a_flow_imports_only_the_words_it_decides_with(path: Path) -> None:
    if path.name == "__init__.py":
        return
    ours = {name for name in imports(path) if name.split(".")[0] in (*PACKAGES, "app")}
    assert ours - FLOW_IMPORTS == set()


@each_of_ours
def test_nobody_imports_the_app(path: Path) -> None:
    assert "app" not in set(imports(path))


@each_of_ours
def test_flask_is_known_only_where_people_knock(path: Path) -> None:
    if shown(path) != "app.py" and not shown(path).startswith("web/"):
        assert {name.split(".")[0] for name in imports(path)} & {"flask", "flask_wtf", "werkzeug"} == set()


def test_no_file_says_where_packages_are_downloaded() -> None:
    texts = [ROOT / name for name in COMMITTED] + ALL + sorted((ROOT / "docs").rglob("*.md"))
    found = [shown(path) for path in texts for host in REGISTRIES if host in path.read_text()]
    assert found == []
