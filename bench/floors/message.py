"""The floor of a message: a Jinja page and the standard library's EmailMessage."""

from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate

from jinja2 import Environment

LINE = """
<tr><td style="padding:12px 0;width:72px"><img src="{{ line.image }}" width="72" height="72"
 alt="{{ line.title }}" style="border-radius:6px;display:block"></td>
<td style="padding:12px 16px;font:16px/1.5 Helvetica,Arial,sans-serif;color:#222222">{{ line.title }}
<br><span style="color:#666666;font-size:14px">{{ line.count }} x {{ line.price }}</span></td>
<td style="padding:12px 0;text-align:right;font:16px/1.5 Helvetica,Arial,sans-serif">{{ line.price }}</td>
</tr>"""

# Paragraphs that bring the page to the size of a real one.
FILLING = "\n".join(
    f'<p style="margin:0 0 16px;font:16px/1.5 Helvetica,Arial,sans-serif;color:#222222" class="p{n}">'
    "Your things are still here. We kept them for you, and nothing is charged until you say so.</p>"
    for n in range(24)
)

HTML = f"""<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>{{{{ subject }}}}</title>
<style>@media (prefers-color-scheme: dark) {{ body {{ background: #111111 }} }}</style></head>
<body style="margin:0;background:#f4f4f4"><table role="presentation" width="100%"><tr><td align="center">
<table role="presentation" width="600" style="background:#ffffff;padding:32px">
<tr><td colspan="3"><h1 style="font:24px/1.3 Georgia,serif">{{{{ subject }}}}</h1>
<p>Hello {{{{ name }}}},</p>{FILLING}</td></tr>
{{% for line in lines %}}{LINE}{{% endfor %}}
<tr><td colspan="3"><strong>{{{{ total }}}}</strong></td></tr>
<tr><td colspan="3"><a href="{{{{ url }}}}" style="background:#1f6f54;color:#ffffff;padding:14px 28px;
text-decoration:none;border-radius:6px;display:inline-block">Back to your cart</a></td></tr>
<tr><td colspan="3" style="font-size:12px;color:#666666">{{{{ imprint }}}}
<a href="{{{{ unsubscribe }}}}">Unsubscribe</a></td></tr>
</table></td></tr></table></body></html>"""

TEXT = """Hello {{ name }},

your things are still here. We kept them for you, and nothing is charged until you say so.

{% for line in lines %}{{ line.count }} x {{ line.title }}  {{ line.price }}
{% endfor %}
{{ total }}

Back to your cart: {{ url }}

{{ imprint }}
Unsubscribe: {{ unsubscribe }}
"""

pages = Environment(autoescape=True).from_string(HTML)
texts = Environment(autoescape=False).from_string(TEXT)  # noqa: S701 - plain text has nothing to escape.


@dataclass(frozen=True)
class Line:
    title: str
    count: int
    price: str
    image: str


LINES = tuple(
    Line(f"Woollen blanket no. {n}", n, f"{89 * n}.00 EUR", f"https://shop.example/{n}.png")
    for n in (1, 2, 3)
)


def message(number: int) -> EmailMessage:
    """One message the plain way."""
    told = {
        "subject": "You left something behind, and it is still here",
        "name": f"Anna {number}",
        "lines": LINES,
        "total": "534.00 EUR",
        "url": f"https://shop.example/cart/{number}",
        "unsubscribe": f"https://shop.example/unsubscribe/{number}",
        "imprint": "Shop, Street 1, 10115 Berlin",
    }
    mail = EmailMessage(policy=SMTP)
    mail["From"] = "Small shop <shop@shop.example>"
    mail["To"] = f"anna-{number}@example.com"
    mail["Subject"] = told["subject"]
    mail["Date"] = formatdate()
    mail["Message-ID"] = f"<{number}@shop.example>"
    mail["List-Unsubscribe"] = f"<{told['unsubscribe']}>"
    mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(texts.render(told))
    mail.add_alternative(pages.render(told), subtype="html")
    return mail


def build(number: int) -> bytes:
    """The same as the bytes a mail server takes."""
    return message(number).as_bytes()
