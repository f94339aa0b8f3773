"""Documents cannot drift: the generated ones equal their source, the README's commands run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from recon.cli import COMMANDS, group
from recon.commands.docs import ROOT, documents
from recon.io.formats import FORMATS
from recon.rules.rule_file.rule_file import read_rules
from tests.showcase import Week


@pytest.mark.parametrize("name", sorted(documents()))
def test_generated_documents_are_in_step(name: str) -> None:
    """A generated document equals what the code says; `make docs` writes it anew."""
    assert (ROOT / name).read_text(encoding="utf-8") == documents()[name], "run make docs"


@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
def test_readme_names_only_commands_that_exist(name: str) -> None:
    """Each `recon` command in a README exists, and each path it names is in the tree."""
    text = (ROOT / name).read_text(encoding="utf-8")
    for word in re.findall(r"^(?:\$ )?(?:\.venv/bin/)?recon ([a-z]+)", text, re.MULTILINE):
        assert word in COMMANDS, f"{name}: recon {word}"
    for path in re.findall(r"\]\(([a-zA-Z][^):#]*)\)", text):
        assert (ROOT / path).exists(), f"{name}: {path}"


def test_pages_name_files_that_exist() -> None:
    """A file of the house that a page names in back-ticks is where the page says."""
    places = [ROOT, ROOT / "recon", ROOT / "tests"]
    for page in [*ROOT.glob("README*.md"), *(ROOT / "docs").glob("*.md")]:
        for name in re.findall(r"`(\w+/[\w/]+\.(?:py|toml|sql))\b", page.read_text("utf-8")):
            assert any((place / name).exists() for place in places), f"{page.name}: {name}"


def test_the_readme_rule_file_is_right(tmp_path: Path) -> None:
    """The rule file that the README shows is accepted as it stands."""
    block = re.search(r"```toml\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    assert block
    path = tmp_path / "recon.toml"
    path.write_text(block.group(1), "utf-8")
    assert read_rules(path, tuple(item.name for item in FORMATS)).rules.name == "shop"


@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
def test_the_readme_night_finds_its_files(tmp_path: Path, name: str) -> None:
    """The example and the date that a README pairs belong together: no file is missing."""
    text = (ROOT / name).read_text("utf-8")
    example = re.search(r"^recon init shop --example ([a-z_]+)", text, re.MULTILINE)
    night = re.search(r"^recon run shop/recon.toml --date ([0-9-]+)", text, re.MULTILINE)
    assert example
    assert night
    shop = str(tmp_path / "shop")
    runner = CliRunner()
    assert runner.invoke(group, ["init", shop, "--example", example[1]]).exit_code == 0
    result = runner.invoke(group, ["run", f"{shop}/recon.toml", "--date", night[1]])
    assert result.exit_code == 0, result.output


@pytest.mark.slow
def test_the_readmes_show_what_is_printed(demo_week: Week) -> None:
    """Each line of output that the READMEs show is printed by `recon demo` and `recon show`."""
    text = (ROOT / "README.md").read_text("utf-8")
    shown = text.split("It ends like this:", 1)[1].split("```")[1].strip().splitlines()
    printed = set(demo_week.printed.splitlines())
    assert [line for line in shown if line and line not in printed] == []
    words = ["show", "--workspace", str(demo_week.folder / "workspace"), "--lang", "zh"]
    chinese = set(CliRunner().invoke(group, words).stdout.splitlines())
    block = (ROOT / "README.zh.md").read_text("utf-8").split("```")[3].strip().splitlines()
    assert [line for line in block if line not in chinese] == []


def test_every_command_says_what_it_does() -> None:
    """Each command module exists and has a one-line help of its own."""
    for name, about in COMMANDS.items():
        assert Path(ROOT / "recon/commands" / f"{name}.py").exists(), name
        assert about.endswith("."), name


def test_formats_page_shows_no_internal_name() -> None:
    """Helper columns are told by what they are read from, never by the name inside the program."""
    page = documents()["docs/formats.md"]
    assert not re.findall(r"(?m)^\| `_\w+`", page)
    assert "sums and proofs: `gross_credit`, money in major units; `gross_debit`" in page
