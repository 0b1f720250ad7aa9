"""What TeX's commands mean in Unicode."""

from __future__ import annotations

import re


def _pairs(text: str) -> dict[str, str]:
    words = text.split()
    return dict(zip(words[::2], words[1::2], strict=True))


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


SYMBOLS = _pairs("""
alpha α beta β gamma γ delta δ epsilon ε varepsilon ε zeta ζ eta η theta θ vartheta θ iota ι kappa κ lambda λ mu μ
nu ν xi ξ omicron ο pi π varpi π rho ρ varrho ρ sigma σ varsigma ς tau τ upsilon υ phi φ varphi φ chi χ psi ψ omega ω
Gamma Γ Delta Δ Theta Θ Lambda Λ Xi Ξ Pi Π Sigma Σ Upsilon Υ Phi Φ Psi Ψ Omega Ω eps ε
times × cdot · div ÷ pm ± mp ∓ ast ∗ star ⋆ circ ∘ bullet • oplus ⊕ ominus ⊖ otimes ⊗ odot ⊙ dagger † ddagger ‡
cap ∩ cup ∪ bigcap ⋂ bigcup ⋃ vee ∨ lor ∨ wedge ∧ land ∧ setminus ∖ neg ¬ lnot ¬ sqcup ⊔ sqcap ⊓ bigoplus ⨁
bigotimes ⨂ triangleleft ◁ triangleright ▷ triangle △ le ≤ leq ≤ leqslant ≤ ge ≥ geq ≥ geqslant ≥ ll ≪ gg ≫ ne ≠ neq ≠
equiv ≡ approx ≈ sim ∼ simeq ≃ cong ≅ eqsim ≂ asymp ≍ propto ∝ lesssim ≲ gtrsim ≳ prec ≺ succ ≻ preceq ⪯ succeq ⪰
in ∈ notin ∉ ni ∋ subset ⊂ subseteq ⊆ subsetneq ⊊ supset ⊃ supseteq ⊇ mid | parallel ∥ perp ⊥ top ⊤ bot ⊥ vdash ⊢
models ⊨ vDash ⊨ doteq ≐ coloneqq ≔ triangleq ≜ to → rightarrow → longrightarrow ⟶ leftarrow ← gets ← leftrightarrow ↔
uparrow ↑ downarrow ↓ updownarrow ↕ Rightarrow ⇒ implies ⇒ Leftarrow ⇐ Leftrightarrow ⇔ iff ⇔ mapsto ↦ hookrightarrow ↪
nearrow ↗ searrow ↘ rightleftharpoons ⇌ leadsto ⇝ rightsquigarrow ⇝ infty ∞ partial ∂ nabla ∇ forall ∀ exists ∃
nexists ∄ emptyset ∅ varnothing ∅ ell ℓ hbar ℏ Re ℜ Im ℑ aleph ℵ imath ı jmath ȷ prime ′ angle ∠ degree ° checkmark ✓
Box □ square □ Diamond ◇ diamond ⋄ blacksquare ■ sum ∑ prod ∏ coprod ∐ int ∫ iint ∬ oint ∮ surd √
ldots … dots … cdots ⋯ dotsc … dotsb ⋯ vdots ⋮ ddots ⋱ textellipsis … langle ⟨ rangle ⟩ lfloor ⌊ rfloor ⌋ lceil ⌈
rceil ⌉ lVert ‖ rVert ‖ Vert ‖ lvert | rvert | vert | lbrace { rbrace } lbrack [ rbrack ] backslash \\ colon :
ss ß ae æ AE Æ oe œ OE Œ aa å AA Å o ø O Ø l ł L Ł i ı j ȷ dh ð DH Ð th þ TH Þ dj đ DJ Đ ng ŋ NG Ŋ
S § P ¶ copyright © pounds £ euro € texteuro € textdegree ° textmu µ textregistered ® texttrademark ™ textbullet •
textendash – textemdash — textbackslash \\ textasciitilde ~ textasciicircum ^ textunderscore _ textdollar $
textpercent % textless < textgreater > textbar | lq ‘ rq ’ LaTeX LaTeX TeX TeX
""")
WORDS = _set(
    "log ln lg exp sin cos tan cot sec csc sinh cosh tanh coth arcsin arccos arctan max min sup inf lim limsup liminf "
    "arg argmax argmin det dim ker deg gcd hom Pr mod bmod pmod"
)
SPACES = _set(r"quad qquad space par newline linebreak item hfill noindent smallskip medskip bigskip , ; : >")
NOTHING = _set(
    "left right big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr middle limits nolimits displaystyle textstyle "
    "scriptstyle centering protect ensuremath xspace null ! - / @"
)
# Old font switches act up to the end of their group and swallow the white space behind them.
SWITCHES = _set("rm bf it sf tt sc sl em cal bb mit frak small large footnotesize normalfont boldmath")
FONT = re.compile(r"(?:text|math)(?:bf|it|tt|sc|rm|sf|sl|md|up|normal)|emph|underline")
TEXT = re.compile(r"text[a-z]*|mbox|hbox|emph|uline|underline|url|href|hyperlink|footnote|thanks")
DROPPED = _set("label color begin end vspace hspace phantom vphantom hphantom thispagestyle")
ACCENTS = {
    "`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", "=": "\u0304", "u": "\u0306", ".": "\u0307",
    '"': "\u0308", "r": "\u030a", "H": "\u030b", "v": "\u030c", "d": "\u0323", "c": "\u0327", "k": "\u0328",
    "b": "\u0331", "t": "\u0361", "hat": "\u0302", "widehat": "\u0302", "tilde": "\u0303", "widetilde": "\u0303",
    "bar": "\u0304", "overline": "\u0304", "vec": "\u20d7", "dot": "\u0307", "ddot": "\u0308", "check": "\u030c",
    "breve": "\u0306", "acute": "\u0301", "grave": "\u0300", "mathring": "\u030a",
}  # fmt: skip
DOUBLE_STRUCK = dict(zip("CHNPQRZ", "ℂℍℕℙℚℝℤ", strict=True))  # the others lack a glyph in mail fonts
SUPER = dict(
    zip(
        "0123456789+-=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVWαβγδθφχ⊤∘′†‡∗⋆*",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᵅᵝᵞᵟᶿᵠᵡᵀ°′†‡*⋆*",
        strict=True,
    )
)
SUB = dict(zip("0123456789+-=()aehijklmnoprstuvxβγρφχ", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ", strict=True))
