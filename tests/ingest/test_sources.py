from __future__ import annotations

from pathlib import Path

import pytest

from memory.ingest.sources import listing, upload_name


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    for name in ("shop/policies/returns.md", "shop/faq.jsonl", "shop/.git/config", "shop/__pycache__/x.md"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    return tmp_path / "shop"


def sources(*paths: Path | str, base: Path) -> list[str]:
    return [found.source for found in listing(paths, base).files]


def test_sources_are_relative_to_the_working_folder(shop: Path) -> None:
    assert sources(shop, base=shop.parent) == ["shop/faq.jsonl", "shop/policies/returns.md"]
    assert sources(shop, base=shop) == ["faq.jsonl", "policies/returns.md"]


def test_two_folders_of_one_name_elsewhere_share_no_source(shop: Path, tmp_path: Path) -> None:
    twin = tmp_path / "twin" / "shop"
    twin.mkdir(parents=True)
    (twin / "faq.jsonl").write_text("y")
    found = sources(shop, twin, base=tmp_path / "away")
    assert len(found) == 3
    assert sources(shop / "faq.jsonl", base=tmp_path / "away") == [f"{shop}/faq.jsonl"[1:]]
    assert [upload_name(source) for source in found] == found


def test_a_glob_a_folder_and_a_file_that_mean_the_same_file_name_it_once(shop: Path) -> None:
    assert sources(shop, f"{shop}/*.jsonl", shop / "faq.jsonl", base=shop.parent).count("shop/faq.jsonl") == 1
    assert sources(f"{shop}/**/*.md", base=shop.parent) == ["shop/policies/returns.md"]


def test_a_path_that_names_nothing_is_missing(shop: Path) -> None:
    assert listing([shop / "nothing", f"{shop}/*.xyz"], shop).missing == (str(shop / "nothing"), f"{shop}/*.xyz")


def test_a_link_out_of_the_folder_is_not_followed(shop: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("secret")
    (shop / "link.md").symlink_to(tmp_path / "secret.md")
    assert "shop/link.md" not in sources(shop, base=tmp_path)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.md", "a.md"), ("/etc/passwd", "etc/passwd"), ("..\\..\\a.md", "a.md"), ("", "upload"), ("..", "upload")],
)
def test_upload_names_lose_what_could_harm(name: str, expected: str) -> None:
    assert upload_name(name) == expected


def test_two_long_upload_names_that_end_alike_stay_two() -> None:
    one, other = (upload_name(f"{folder}/{'deep/' * 400}a.md") for folder in ("spring", "autumn"))
    assert one != other
    assert one.endswith("/deep/a.md")
