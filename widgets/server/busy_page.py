"""The page that a full server shows; it retries by itself."""

from tornado.web import RequestHandler

RETRY_S = 20

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Online clustering: busy</title>
<noscript><meta http-equiv="refresh" content="{retry_s}"></noscript>
<style>
:root {{ color-scheme: light dark; }}
body {{ margin: 0; min-height: 100vh; display: grid; place-items: center;
    font: 1rem/1.55 system-ui, sans-serif; background: Canvas; color: CanvasText; }}
main {{ max-width: 27rem; padding: 2rem; }}
h1 {{ font-size: 1.35rem; margin: 0 0 .6rem; }}
p {{ margin: 0 0 1rem; }}
a {{ display: inline-block; padding: .5rem 1.1rem; border-radius: 4px; background: #2f5d80;
    color: #fff; text-decoration: none; }}
</style>
</head>
<body>
<main>
<h1>All places are taken</h1>
<p>This server has reached its limit of open pages. Please try again in a minute.</p>
<p role="status">This page tries again automatically every {retry_s} seconds.</p>
<a href="">Try again now</a>
</main>
<script>
    const retry = async () => {{
        // Reload only when there is room: a reload would show this page again.
        const answer = await fetch("", {{method: "HEAD", cache: "no-store"}}).catch(() => null)
        if (answer?.ok) location.reload()
    }}
    setInterval(retry, {retry_s}000)
</script>
</body>
</html>
"""


def write_busy_page(handler: RequestHandler) -> None:
    """Answer a request with the page and status 503."""
    handler.set_status(503)
    handler.set_header("Retry-After", str(RETRY_S))
    handler.set_header("Cache-Control", "no-store")
    handler.set_header("Content-Type", "text/html; charset=utf-8")
    handler.write(PAGE.format(retry_s=RETRY_S))
