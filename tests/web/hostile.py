"""Strings that try to become more than text: markup, links, scripts, directions, sizes, half-open markdown."""

from __future__ import annotations

from collections.abc import Sequence

MARKUP = (
    "<script>window.ran=1</script>",
    "</script><script>window.ran=1</script>",
    "<img src=x onerror=window.ran=1>",
    "<img src=http://other.example/pixel.png>",
    "<svg onload=window.ran=1>",
    "<svg><script>window.ran=1</script></svg>",
    "<iframe srcdoc='<script>parent.ran=1</script>'></iframe>",
    "<iframe src=//other.example></iframe>",
    "<object data=//other.example/x></object>",
    "<link rel=stylesheet href=//other.example/x.css>",
    "<style>@import '//other.example/x.css'; * { display: none }</style>",
    "<body onload=window.ran=1>",
    "<details open ontoggle=window.ran=1>",
    "<video><source onerror=window.ran=1></video>",
    "<math><a xlink:href=javascript:window.ran=1>x</a></math>",
    "<a href=javascript:window.ran=1>click</a>",
    "<a href='https://other.example'>click</a>",
    "<base href=//other.example>",
    "<meta http-equiv=refresh content='0;url=//other.example'>",
    "<form action=//other.example><button>Send</button></form>",
    "<input autofocus onfocus=window.ran=1>",
    "<template><script>window.ran=1</script></template>",
    "<!--><script>window.ran=1</script>",
    '"><script>window.ran=1</script>',
    "'><img src=x onerror=window.ran=1>",
    '" onmouseover=window.ran=1 x="',
    "' autofocus onfocus='window.ran=1",
    "`${window.ran=1}`",
    "{{constructor.constructor('window.ran=1')()}}",
    "${7*7}#{7*7}<%= 7*7 %>",
    "javascript:window.ran=1",
    "data:text/html,<script>window.ran=1</script>",
    "&lt;script&gt;window.ran=1&lt;/script&gt;",
    "&#60;img src=x onerror=window.ran=1&#62;",
    "\\u003cscript\\u003ewindow.ran=1\\u003c/script\\u003e",
)
MARKDOWN = (
    "[click](javascript:window.ran=1)",
    "![pixel](http://other.example/pixel.png)",
    "[half](http://other.example",
    "![half](",
    "**half bold and `half code",
    "```html\n<script>window.ran=1</script>",
    "| a | b |\n|---|",
    "# Heading\n\n> quote\n\n- item",
    "<http://other.example>",
    "https://other.example/preview?of=a#link",
)
SHAPES = (
    "W" * 1_500,
    "a" * 700 + "/" + "b" * 700,
    "\u202egnp.exe\u202c and \u202dforced\u202c",
    "\u2067right to left\u2069 and \u200fmarks\u200e",
    "שלום עולם: <b>עברית</b> 123",
    "مرحبا بالعالم (اختبار) 456",
    "Z\u0351\u036b\u0343\u036a\u0302a\u0334\u0335\u031a\u0328l\u0321g\u031b\u0322o\u0338" * 20,
    "👩‍👩‍👧‍👦🏴󠁧󠁢󠁳󠁣󠁴󠁿" * 40,
    "\u200b\u200c\u200d\ufeff",
    "line\u2028separator\u2029paragraph",
    "tab\tand\r\nreturns\n\n\n\nmany",
    "\x07bell \x1b[31mred\x1b[0m \x7f",
    "pаypаl.example says ехреrt ѕсоре",
    "ｆｕｌｌｗｉｄｔｈ ＜script＞window.ran=1＜/script＞",
    "</style><style>:root{--paper:red}body{display:none}</style>",
    "color:red;background:url(//other.example/x);position:fixed;inset:0;z-index:99999",
    "expression(window.ran=1) @import url(//other.example/x.css);",
    "inter\u200bnal\u200c zero\u200dwidth\u2060 join\ufeffers \u00ad soft",
    "\u202e\u202e\u202e\u2066never closed " + "\u202b" * 60,
    "\u034f\u115f\u1160\u3164\uffa0 looks empty",
    "❤️‍🔥🧑🏽‍🚀👩🏿‍❤️‍💋‍👨🏻🏳️‍🌈" * 30,
    "\ufffd\ufffe\ud7ff private \ue000 \U000f0000 and tags \U000e0041\U000e0042",
    "\x01\x02\x08\x0b\x0c\x1f\x85\x9b control",
    "﷽" * 40 + "𒐫" * 40,
    "|" * 900,
    "ก็็็็็็็็็็็็็็็็็็็็" * 30,
    "__proto__",
    "constructor",
    "name: value; name: value; <b>x</b>: <i>y</i>",
)
STRINGS: Sequence[str] = (*MARKUP, *MARKDOWN, *SHAPES)
WRAPS = ("{}", "**{}", "`{}", "see {} and on", "name: {}; second: {}; third: {}")
LONG = 120
MANY: Sequence[str] = [
    wrap.replace("{}", string) for wrap in WRAPS for string in STRINGS if wrap == "{}" or len(string) < LONG
]
