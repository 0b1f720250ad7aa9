"""One-liners in other languages than English for papers that the practice model has never seen."""

from __future__ import annotations

import re

from newsletter.demo.model_words import acronym, claim, steady

# The first whose words stand in the text names the field.
_FIELDS = (
    ("language model|llm|token|transformer", "大语言模型"),
    ("diffusion|generat", "生成模型"),
    ("reinforcement|policy|agent", "强化学习与智能体"),
    ("robot|driving|manipulation", "机器人与自动驾驶"),
    ("graph", "图学习"),
    ("image|video|visual|vision|3d", "视觉理解"),
    ("speech|audio|music", "语音与音频"),
    ("quantum", "量子计算"),
    ("federated|privacy|attack|secur", "隐私与安全"),
    ("retriev|recommend|search", "检索与推荐"),
    ("medic|clinic|patient|protein|molecul", "生物医学数据"),
    ("gpu|kernel|hardware|latency|distributed", "计算系统"),
    ("optimi|converg|gradient", "优化算法"),
)
_TROUBLES = ("计算开销大、难以扩展", "泛化能力有限、结果不稳定", "标注依赖强、训练成本高", "评测不足、可靠性欠佳")
_MEANS = (
    "重新设计训练目标与模型结构",
    "引入自适应的选择与加权机制",
    "结合结构先验与数据驱动的方法",
    "给出统一的理论框架与高效算法",
)
_GAINS = (
    "在多项基准上优于现有方法",
    "在精度与效率之间取得更好的平衡",
    "并以更低成本达到相近的效果",
    "实验显示结果更稳定也更可靠",
)

_OTHERS = {
    "de": "{name} stellt ein Verfahren vor, das bekannte Schwächen bisheriger Ansätze behebt, und berichtet in "
    "mehreren Versuchen bessere Ergebnisse bei vertretbarem Aufwand.",
    "fr": "{name} présente une méthode qui corrige des faiblesses connues des approches existantes et obtient de "
    "meilleurs résultats dans plusieurs expériences, pour un coût raisonnable.",
    "es": "{name} presenta un método que corrige debilidades conocidas de los enfoques existentes y logra mejores "
    "resultados en varios experimentos con un coste razonable.",
    "ja": "{name}は既存手法の弱点を補う新しい方法を提案し、複数の実験で妥当な計算量のもと従来を上回る結果を示した。",
    "ko": "{name}은(는) 기존 연구의 약점을 보완하는 방법을 제안하고, 여러 실험에서 적은 비용으로 나은 결과를 보였다.",
}  # fmt: skip
_NAMELESS = {"de": "Die Arbeit", "fr": "Ce travail", "es": "Este trabajo", "ja": "本論文", "ko": "이 논문"}


def one_liner(language: str, arxiv_id: str, title: str, abstract: str) -> str:
    """A sentence about the paper in that language; English where the practice model does not know it."""
    spoken = language.partition("-")[0].lower()
    if spoken == "zh":
        return _chinese(arxiv_id, title, abstract)
    if spoken in _OTHERS:
        return _OTHERS[spoken].format(name=acronym(title, abstract) or _NAMELESS[spoken])
    return claim(title, abstract)


def _chinese(arxiv_id: str, title: str, abstract: str) -> str:
    text = f"{title} {abstract}".lower()
    field = next((name for words, name in _FIELDS if re.search(words, text)), "机器学习")
    trouble, means, gain = (some[steady(arxiv_id, some[0]) % len(some)] for some in (_TROUBLES, _MEANS, _GAINS))
    name = acronym(title, abstract)
    subject = f"提出 {name}" if name else "本文"
    return f"针对{field}中{trouble}的问题，{subject}{'，' if name else ''}{means}，{gain}。"


_REASONS = {
    "zh": "符合关注方向：{}",
    "de": "Trifft das Interesse an {}",
    "fr": "Répond à l’intérêt pour {}",
    "es": "Responde al interés por {}",
    "ja": "関心分野に該当する：{}",
    "ko": "관심 분야에 해당: {}",
}


def reason_in(language: str, english: str) -> str:
    """A reason in another language that names what the English one does; in English where we have no words for it."""
    named = re.sub(r"^.* in (?=[A-Z\w-]+)", "", english).strip(".")
    short = ", ".join(re.findall(r"[A-Za-z][\w-]{4,}", named)[:2]) or "LLM"
    return _REASONS.get(language.partition("-")[0], "{}").format(short)
