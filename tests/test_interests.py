"""How people say what they want to read: what of a text is wanted and what is not."""

from __future__ import annotations

import pytest

from newsletter.ranking.interests import Interests, read
from newsletter.ranking.signals import EMPTY, says_something

CASES = {
    "one sentence": (
        "Mixture of experts, sparsity, pruning.",
        ["Mixture of experts, sparsity, pruning"],
        [],
    ),
    "labels at the beginning of lines": (
        "Keep: tensor networks, lattice gauge theory\nFilter: cosmology, dark matter searches",
        ["tensor networks, lattice gauge theory"],
        ["cosmology, dark matter searches"],
    ),
    "labels in items below numbered titles": (
        (
            "1. Quantum chemistry\n   - Relevant: coupled cluster, density functionals\n"
            "   - Irrelevant: force fields without new theory\n"
            "2. Quantum computing\n   - Relevant: error correction\n   - Irrelevant: press releases"
        ),
        ["Quantum chemistry", "coupled cluster, density functionals", "Quantum computing", "error correction"],
        ["force fields", "press releases"],
    ),
    "a line above a list": (
        (
            "Protein folding and docking.\n\nUsually leave these to our colleagues unless the method is new:\n"
            "- clinical trials\n- drug repurposing\n\nCryo-EM is welcome."
        ),
        ["Protein folding and docking", "Cryo-EM is welcome"],
        ["clinical trials", "drug repurposing"],
    ),
    "headings": (
        (
            "# Plasma physics\n\n## What we read\n- stellarators\n- gyrokinetics\n\n## What we skip\n- tokamak news\n"
            "\n## Methods\n- particle-in-cell codes"
        ),
        ["Plasma physics", "stellarators", "gyrokinetics", "Methods", "particle-in-cell codes"],
        ["tokamak news"],
    ),
    "headings in bold, and applications": (
        "**Relevant:**\n\n* kernel methods\n* Gaussian processes\n\n**Application:**\n\n* crop yield\n* credit scoring",
        ["kernel methods", "Gaussian processes"],
        ["crop yield", "credit scoring"],
    ),
    "lists without bullets": (
        "Interested in\nknot theory\nthree-manifolds\n\nNot interested in\nnumber theory\ncryptography",
        ["knot theory", "three-manifolds"],
        ["number theory", "cryptography"],
    ),
    "negations within sentences": (
        (
            "I like bandits and online learning. I am not interested in deep reinforcement learning. "
            "Please skip anything about games. Theory only, no benchmarks."
        ),
        ["bandits and online learning", "Theory only"],
        ["deep reinforcement learning", "anything about games", "benchmarks"],
    ),
    "the word behind": (
        "Optimal transport. Applications to biology are not relevant, surveys are irrelevant.",
        ["Optimal transport"],
        ["Applications to biology", "surveys"],
    ),
    "rather than": (
        "Speech synthesis rather than speech recognition.",
        ["Speech synthesis"],
        ["speech recognition"],
    ),
    "back again": (
        "Avoid robotics, but keep legged locomotion.",
        ["legged locomotion"],
        ["robotics"],
    ),
    "doesn't, don't": (
        "We don't care about image generation, and we don't want to see chatbots. Optics!",
        ["Optics"],
        ["image generation", "chatbots"],
    ),
    "what is lacking is no subject of what is unwanted": (
        "Filter: fine-tuning recipes without theoretical insight",
        [],
        ["fine-tuning recipes"],
    ),
    "prose beside labels speaks of the newsletter": (
        "This digest is for our Tuesday meeting and should stay short.\n\nWanted: spintronics\nUnwanted: batteries",
        ["spintronics"],
        ["batteries"],
    ),
    "wrapped lines": (
        (
            "Numerical relativity, gravitational waves from compact binaries, and the\n"
            "stochastic background of pulsar timing arrays. Not wanted: exoplanets, stellar\n"
            "populations, galaxy surveys."
        ),
        [
            (
                "Numerical relativity, gravitational waves from compact binaries, and the stochastic background of "
                "pulsar timing arrays"
            )
        ],
        ["exoplanets, stellar populations, galaxy surveys"],
    ),
    "abbreviations end no sentence": (
        "Solvers, e.g. multigrid, and preconditioners. No GPUs.",
        ["Solvers, e.g. multigrid, and preconditioners"],
        ["GPUs"],
    ),
    "Chinese labels": (
        "感兴趣：图神经网络、谱方法\n不感兴趣：推荐系统、交通预测",
        ["图神经网络、谱方法"],
        ["推荐系统、交通预测"],
    ),
    "Chinese headings": (
        "# 关注\n- 机器人抓取\n- 触觉感知\n# 不关注\n- 自动驾驶\n- 无人机",
        ["机器人抓取", "触觉感知"],
        ["自动驾驶", "无人机"],
    ),
    "Chinese sentences": (
        "我们做量子纠错和表面码。不要量子机器学习，也不看综述。",
        ["我们做量子纠错和表面码"],
        ["量子机器学习", "综述"],
    ),
    "both languages": (
        "Relevant: 扩散模型 (diffusion models), flow matching\n排除：文生图应用",
        ["扩散模型 (diffusion models), flow matching"],
        ["文生图应用"],
    ),
    "nothing": ("", [], []),
    "only what is not wanted": ("No surveys.", [], ["surveys"]),
}


@pytest.mark.parametrize("name", CASES)
def test_read(name: str) -> None:
    """Each piece of a text is wanted or unwanted, as its label, heading, list or negation says."""
    text, wanted, unwanted = CASES[name]
    assert read(text) == Interests(tuple(wanted), tuple(unwanted))


@pytest.mark.parametrize(("text", "expected"), [("papers on", False), ("相关的论文", False), ("RL", True), ("", False)])
def test_says_something(text: str, expected: bool) -> None:
    """Words that any such text has name no subject."""
    assert says_something(text) is expected
    assert "papers" in EMPTY
