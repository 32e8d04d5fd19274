"""Answers of the kinds language models write, with what makes them hard to show in a chat."""

# ruff: noqa: E501 - an answer has the lines it has

from __future__ import annotations

__all__ = ["CORPUS"]

CORPUS: dict[str, str] = {
    "plain_prose": (
        "Sure! Rome was not built in a day.\n\nIt took centuries, and most of the work was done by people whose\n"
        "names nobody wrote down.\n\nIs there anything else you would like to know?"
    ),
    "headings_and_emphasis": (
        "# Migration plan\n\n## Step *one*\n\nMove the **data** first, then the ***code***.\n\n### Risks\n\n"
        "~~None~~ A few.\n\nSetext title\n------------\n\nLast words."
    ),
    "nested_lists": (
        "Here is what to pack:\n\n- Clothes\n  - Warm\n    - Hat\n    - Gloves\n  - Light\n- Papers\n\n"
        "1. Leave\n2. Arrive\n   - by train\n   - or bus\n3. Rest\n\n5. Skipped four\n"
    ),
    "list_with_code": (
        "1. Install:\n\n   ```bash\n   pip install parley\n   ```\n\n2. Run:\n   ```bash\n   parley serve \\\n"
        "     --port 8080\n   ```\n3. Open `http://localhost:8080`."
    ),
    "unindented_code_between_items": "1. First do\n```sh\nmake\n```\n2. Then do\n```sh\nmake install\n```\nDone.",
    "task_list": "- [x] write\n- [ ] test\n- [ ] ship\n  - [x] tag\n  - [ ] announce\n\n[ ] not a task",
    "cjk_emphasis": (
        "**注意：**请先备份数据。这里有**重点（非常重要）**的内容，还有*斜体*字。\n\n"
        "사용자는 **단어(word)**를 입력하세요.\n\n「**引用**」と言った。"
    ),
    "cjk_table": (
        "| 城市 | 人口（万） | 备注 |\n|:---|---:|:---:|\n| 北京 | 2189 | 首都 |\n| 上海 | 2487 | 🏙️ |\n\n以上为估计。"
    ),
    "wide_table": (
        "| Option | What it does in detail | When you would want it | Default |\n|---|---|---|---|\n"
        "| `--verbose` | prints every request and every response in full | debugging | off |\n"
        "| `--color` | *always*, **never** or auto | when piping | auto |\n"
    ),
    "table_with_links": (
        "| Source | Year |\n|---|---|\n| [Smith](https://example.com/smith_2020) | 2020 |\n"
        "| [Lee](https://example.com/lee)<br>and others | 2021 |\n"
    ),
    "ragged_table": "Name | Age\n--- | ---\nAnn | 31 | extra\nBob\n\n| a | b | c |\n|---|---|\n| 1 | 2 | 3 |\nText after.",
    "four_backticks": (
        "Write it like this:\n\n````markdown\n```python\nprint('hi')\n```\n````\n\nand ``a ` tick`` is inline."
    ),
    "unclosed_marks": "This is **bold that never ends\n\nand `code that never ends\n\n```js\nconst a = 1;",
    "latex": (
        "The roots are $x_{1,2} = \\frac{-b \\pm \\sqrt{b^2-4ac}}{2a}$, so:\n\n$$\nx^2 + y^2 = z^2\n$$\n\n"
        "With \\(a * b * c\\) and\n\\[\n\\int_0^1 x\\,dx = \\tfrac12\n\\]\nwe are done. It costs $5, not $10 or US$7."
    ),
    "prices_and_shell": "It is $5 to $10. Run `echo $HOME` or $PATH:$HOME. 20$ each; $AAPL and $TSLA fell. A*B*C, 2**3**4.",
    "rtl": "مرحبا **بالعالم**!\n\n- عنصر أول\n- عنصر ثان\n\nשלום `code` עולם\n\n> اقتباس",
    "emoji": "👩‍👩‍👧‍👦 **🇩🇪🇫🇷** 👍🏽 e\u0301 ☺️\n\n- 🏳️‍🌈 flag\n- 1️⃣ keycap\n\n*🧑🏿‍🚀 in italics*",
    "links": (
        "See [the article](https://en.wikipedia.org/wiki/Foo_(bar)) or <https://example.com/?a=1&b=2_c>, "
        "[mail](mailto:me@example.com), [local](http://localhost:3000), [rel](/docs/a.md), [`code`](https://c.example.com), "
        "[x](javascript:alert(1)), https://bare.example.com/a_b_c."
    ),
    "references": (
        "As shown in [1] and by [others][smith], it works.[^1]\n\n[1]: https://example.com/one\n"
        '[smith]: https://example.com/smith "Smith 2020"\n[unused]: https://example.com/unused\n\n[^1]: A footnote.'
    ),
    "images": '![A cat](https://example.com/cat.png "Tom")\n\n[![badge](https://b.example.com/i.svg)](https://ci.example.com)',
    "html_like": (
        "<think>hmm</think> Use `List<String>` or List<Integer> and std::vector<std::string>.\n\nLine<br>break<br/>two\n\n"
        "<details><summary>More</summary>\n\nHidden **text**\n\n</details>\n\n<!-- comment --> a < b && c > d &lt;tag&gt; &copy;"
    ),
    "quotes": "> He said:\n> > Never.\n> > > Ever.\n>\n> - one\n> - two\n>\n> ```py\n> x = 1\n> ```\n\nlazy\n> quote\ncontinues",
    "rules_and_breaks": "one  \ntwo\\\nthree\nfour\n\n---\n\n***\n\nfive * six * seven\n\n- - -",
    "indented_code": "Like so:\n\n    def f():\n        return 1\n\nand a tab:\n\n\tx = 2\n",
    "huge_line": "A very long line " + "with many words " * 400 + "and " + "x" * 5000 + " end.",
    "snake_and_stars": "Call my_function_name(a_b) * 2 and __init__, then **kwargs and *args; 5 * 3 * 2 = 30. _private_ ok.",
    "escapes": "\\*not italic\\* \\# no heading \\[no link\\](x) 1\\. no list \\`no code\\` \\\\ C# #tag & co &amp;",
    "long_code": "```python\n"
    + "".join(f"    line_{n} = {n}  # indented\n\n" for n in range(400))
    + "```\nAfter.",
}
