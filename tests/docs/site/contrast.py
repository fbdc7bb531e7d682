"""How far the texts of a page stand out from their ground, on a light page and on a dark one.

The limits are those of the Web Content Accessibility Guidelines 2.1, level AA: a contrast of 4.5, and of 3 for a large
text. A text over a picture is not examined, and neither is one whose color is no plain red, green and blue.
"""

from __future__ import annotations

from tests.browser import Browser

LOOK = r"""
    const parse = color => {
        const parts = /^rgba?\(([\d.]+), ([\d.]+), ([\d.]+)(?:, ([\d.]+))?\)$/.exec(color);
        return parts && [+parts[1], +parts[2], +parts[3], parts[4] === undefined ? 1 : +parts[4]];
    };
    const lay = (top, ground) => ground.slice(0, 3).map((value, i) => top[i] * top[3] + value * (1 - top[3])).concat(1);
    const linear = value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    const luminance = color => [0.2126, 0.7152, 0.0722].reduce((sum, w, i) => sum + w * linear(color[i] / 255), 0);
    const grounds = new Map([[null, {color: [255, 255, 255, 1], opacity: 1}]]);
    const groundOf = element => {
        if (!grounds.has(element)) {
            const style = getComputedStyle(element), behind = groundOf(element.parentElement);
            const own = parse(style.backgroundColor) || [0, 0, 0, 0], opacity = behind.opacity * style.opacity;
            grounds.set(element, {color: lay([...own.slice(0, 3), own[3] * opacity], behind.color), opacity});
        }
        return grounds.get(element);
    };
    const seen = new Set(), found = new Map();
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const text = texts.currentNode.textContent.trim(), element = texts.currentNode.parentElement;
        if (!text || seen.has(element) || element.closest('script, style, noscript, option')) continue;
        seen.add(element);
        if (!element.checkVisibility({visibilityProperty: true, opacityProperty: true})) continue;
        const style = getComputedStyle(element), ground = groundOf(element);
        const own = parse(element instanceof SVGElement ? style.fill : style.color);
        if (!own) continue;
        const color = lay([...own.slice(0, 3), own[3] * ground.opacity], ground.color);
        const [dark, light] = [luminance(color), luminance(ground.color)].sort((a, b) => a - b);
        const contrast = (light + 0.05) / (dark + 0.05), size = parseFloat(style.fontSize);
        const isLarge = size >= 24 || size >= 18.66 && style.fontWeight >= 700;
        const what = `${element.tagName.toLowerCase()}.${element.getAttribute('class') || ''}, ${style.color}`;
        if (contrast < (isLarge ? 3 : 4.5)) found.set(what, `${contrast.toFixed(1)} for ${what}: ${text.slice(0, 40)}`);
    }
    return [...found.values()];
"""
# A color on its way to another would be taken for its own.
STOP = """
    const style = document.createElement('style');
    style.textContent = '* { transition: none !important }';
    document.head.append(style);
"""


def find_faint(window: Browser) -> list[str]:
    """Return the texts of the page in a window that stand out too little in one of the themes, one of each kind."""
    found = []
    window.run(STOP)
    for theme in ("dark", "light"):
        feature = {"name": "prefers-color-scheme", "value": theme}
        window.devtools("Emulation.setEmulatedMedia", {"features": [feature]})
        found += [f"{theme}, {fault}" for fault in window.run(LOOK)]
    return found
