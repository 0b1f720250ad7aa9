"""Makes the image's environment smaller: what this program never uses of its packages is removed.

What is near to it is tried afterwards. Only the image does this; an environment of your own stays as pip leaves it.

    python image/slim.py FOLDER    removes, compiles and checks; FOLDER is the virtual environment
"""

from __future__ import annotations

import compileall
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

# Installing is over: the image is replaced, never changed.
_TOOLS = ("editables", "hatchling", "pathspec", "pluggy", "setuptools", "trove-classifiers", "pip")


def _named(*patterns: str) -> Callable[[Path], Iterator[Path]]:
    return lambda packages: (path for pattern in patterns for path in packages.glob(pattern))


def _other_services(packages: Path) -> Iterator[Path]:
    """AWS services that no model is reached by; what stays signs in and talks to Bedrock."""
    used = ("bedrock", "bedrock-runtime", "sso", "sso-oidc", "sts")
    return (path for path in (packages / "botocore" / "data").iterdir() if path.is_dir() and path.name not in used)


@dataclass(frozen=True)
class Part:
    """Something that is removed, and Python that must still run without it."""

    what: str
    paths: Callable[[Path], Iterator[Path]]
    check: str


PARTS = (
    Part(
        "the web pages of LiteLLM's gateway",
        _named("litellm/proxy/_experimental/out", "litellm/proxy/swagger", "litellm/proxy/_lazy_openapi_snapshot.json"),
        "import litellm\n"
        "answer = litellm.completion('openai/x', [{'role': 'user', 'content': '?'}], mock_response='fine')\n"
        "assert answer.choices[0].message.content == 'fine'\n"
        "for name in ('anthropic', 'gemini', 'deepseek', 'dashscope', 'ollama_chat', 'mistral', 'azure', 'bedrock'):\n"
        "    assert litellm.get_supported_openai_params(model='x', custom_llm_provider=name), name",
    ),
    Part(
        "descriptions of AWS services",
        _other_services,
        "import boto3\n"
        "for name in ('bedrock-runtime', 'sts'):\n"
        "    boto3.Session().client(name, region_name='eu-west-1', aws_access_key_id='x', aws_secret_access_key='x')",
    ),
    Part(
        "tests of other packages",
        _named("*/tests", "*/testing", "mjml/lib/tests"),
        "import alembic.command, mako.template, regex, sqlalchemy.dialects.sqlite, jsonschema, referencing",
    ),
    Part(
        "sources and types for compilers",
        _named("**/*.pyi", "**/*.c", "**/*.h", "**/*.pxd", "**/*.pyx"),
        "import lxml.etree, lxml.html, yaml; assert yaml.CSafeLoader",
    ),
)


def main(folder: Path) -> None:
    """Raises CalledProcessError if something that is needed no longer works."""
    python = folder / "bin" / "python"
    subprocess.run([python, "-m", "pip", "uninstall", "--quiet", "--yes", *_TOOLS], check=True)
    (packages,) = (folder / "lib").glob("python3.*/site-packages")
    for part in PARTS:
        paths = list(part.paths(packages))
        freed = sum(map(size, paths))
        for path in paths:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        print(f"{part.what}: {freed >> 20} MB removed")
    # What is installed is read-only there: without this every start compiles half of it anew.
    compileall.compile_dir(packages, quiet=2, workers=0)
    offline = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "PATH": ""}
    for part in PARTS:
        subprocess.run([python, "-c", part.check], check=True, env=offline)
    print(f"{folder}: {size(folder) >> 20} MB")


def size(path: Path) -> int:
    """Octets on the disk, as `du` counts them."""
    files = [path, *path.rglob("*")] if path.is_dir() and not path.is_symlink() else [path]
    return sum(file.lstat().st_blocks * 512 for file in files)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
