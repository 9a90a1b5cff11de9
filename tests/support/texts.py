"""Text that stores have been known to change, cut or obey."""

AWKWARD = {
    "empty": "",
    "nul": "before\0after",
    "emoji": "👩‍👩‍👧‍👦 🏳️‍🌈 \U0001f9ff",
    "right-to-left": "שלום \u202eevil\u202c مرحبا",
    "combining": "e\u0301 is not \u00e9; \ufb01 is not fi",
    "astral": "\U00020000\U0010ffff",
    "white space": " \t\r\n\u2028\u00a0 ",
    "sql": "'); DROP TABLE turns; -- \" ` ? :x",
    "wildcards": "100% _of_ *all* [a-z] \\",
    "operators": '{"$gt": ""} ${jndi:x} {{7*7}} \x1b[31m',
    "keys": "a|b:c/d#e\\f{g}h*i",
    "megabyte": "0123456789abcdé\n" * 62_500,
}
