"""The plugin's PHP: its own tests, its style, its words in German, and the archive for WordPress."""

import gettext
import io
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from integrations.woocommerce.plugin.pack import GERMAN, PLUGIN, packed

ROOT = Path(__file__).parents[3]
STANDARD = PLUGIN.parent / "standard" / "Kontor"
LITERAL = r"'((?:[^'\\]|\\.)*)'"
SAID = re.compile(rf"\b(?:__|esc_html__)\(\s*({LITERAL}(?:\s*\.\s*{LITERAL})*)\s*,\s*'kontor'\s*\)")
with_phpcs = pytest.mark.skipif(shutil.which("phpcs") is None, reason="no PHP")


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=110)


@pytest.mark.php
def test_the_plugins_own_tests_pass() -> None:
    done = run("php", "-d", "assert.exception=1", "tests/plugin/run.php")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.fullmatch(r"\d+ passed, 0 failed\n", done.stdout)


@pytest.mark.php
def test_php_finds_no_fault_in_it() -> None:
    for path in sorted(PLUGIN.parent.rglob("*.php")):
        done = run("php", "-l", str(path))
        assert done.returncode == 0, done.stdout + done.stderr


def sniffed(*paths: Path) -> subprocess.CompletedProcess[str]:
    return run("phpcs", "-q", "--no-cache", f"--standard={STANDARD}", "--extensions=php", *map(str, paths))


@pytest.mark.php
@with_phpcs
def test_it_is_written_as_it_should_be() -> None:
    done = sniffed(PLUGIN.parent)
    assert done.returncode == 0, done.stdout


@pytest.mark.php
@with_phpcs
@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("echo $name;", "printed without being escaped"),
        ("echo '<p>' . esc_html($a) . $b . '</p>';", "printed without being escaped"),
        ("echo strtoupper($a);", "printed without being escaped"),
        ("$a = $_GET['a'];", "read in Input alone"),
        ("update_option('colour', 1);", "does not begin with kontor"),
        ("wp_enqueue_script('checkout', '', [], '1', true);", "does not begin with kontor"),
        ("$a = __('Hello', 'other');", "no text domain of ours"),
        ("$a = unserialize($b);", "forbidden"),
        ("echo $isOpen ? 'a' : 'b';", ""),
        ("echo esc_html__('Hello', 'kontor') . esc_html($a);", ""),
    ],
)
def test_our_own_sniffs_find_what_they_are_there_for(tmp_path: Path, line: str, complaint: str) -> None:
    file = tmp_path / "Example.php"
    file.write_text(f"<?php\n\ndeclare(strict_types=1);\n\n{line}\n")
    done = sniffed(file)
    assert (complaint in done.stdout) if complaint else (done.returncode == 0), done.stdout


def said() -> set[str]:
    """Every sentence that the plugin says, put together where it is written in parts."""
    found = set()
    for path in PLUGIN.rglob("*.php"):
        for match in SAID.finditer(path.read_text()):
            parts = [one.replace("\\'", "'") for one in re.findall(LITERAL, match[1])]
            found.add("".join(parts))
    header = re.search(r"Description: +(.+)", (PLUGIN / "kontor.php").read_text())
    assert header
    return found | {header[1]}


def test_everything_it_says_is_said_in_german_too() -> None:
    with (PLUGIN / "languages" / "kontor-de_DE.po").open("rb") as file:
        words = {message.id: message.string for message in read_po(file) if message.id}
    assert set(words) == said()
    assert all(words.values())


def test_the_archive_is_the_same_each_time_and_holds_all_that_wordpress_needs() -> None:
    archive = packed("https://kontor.example")
    assert archive == packed("https://kontor.example")
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        names = opened.namelist()
        files = {path.relative_to(PLUGIN).as_posix() for path in PLUGIN.rglob("*") if path.is_file()}
        made = {f"languages/kontor-{place}.mo" for place in GERMAN}
        assert {name.removeprefix("kontor/") for name in names} == files | made
        assert "return 'https://kontor.example';" in opened.read("kontor/address.php").decode()
        german = gettext.GNUTranslations(io.BytesIO(opened.read("kontor/languages/kontor-de_DE_formal.mo")))
        assert german.gettext("Connect this shop") == "Diesen Shop verbinden"
    with zipfile.ZipFile(io.BytesIO(packed())) as opened:
        assert "return '';" in opened.read("kontor/address.php").decode()


@pytest.mark.parametrize("address", ["http://x.example", "https://x.example/a", "https://x';evil();'", "x"])
def test_nothing_but_an_address_is_written_into_it(address: str) -> None:
    with pytest.raises(ValueError, match="https://"):
        packed(address)


def test_nothing_is_loaded_from_elsewhere() -> None:
    for path in PLUGIN.rglob("*"):
        if path.suffix in (".php", ".js", ".css"):
            hosts = set(re.findall(r"https?://(\w[\w.-]*)", path.read_text())) - {"kontor.example"}
            assert hosts == set(), path.name


def test_its_versions_agree() -> None:
    texts = [(PLUGIN / name).read_text() for name in ("kontor.php", "includes/Plugin.php", "readme.txt")]
    patterns = (r"Version: +(\S+)", r"VERSION = '(\S+)'", r"Stable tag: (\S+)")
    found = {
        match[1] for text, pattern in zip(texts, patterns, strict=True) if (match := re.search(pattern, text))
    }
    assert len(found) == 1
