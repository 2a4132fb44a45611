"""All changes of a callback leave in one write, each with the values at its time."""

import asyncio
import json

import numpy as np
import panel as pn
import pytest
from bokeh.application import Application
from bokeh.application.handlers.function import FunctionHandler
from bokeh.models import Column, ColumnDataSource, Div, Slider
from bokeh.server.server import Server
from bokeh.util.token import generate_jwt_token, generate_session_id
from panel.io.state import set_curdoc
from tornado.iostream import IOStream
from tornado.websocket import websocket_connect

from tests.support.threads import run_in_new_loop
from widgets.components.background import run_in_thread
from widgets.server.patches import install_patches

SIZES = [1, 40, 400, 20_000]
N_CHANGES = 8


def build(document):
    """A slider whose callback changes texts, adds a model twice, and fills a data source."""
    slider = Slider(name="slider", start=-1, end=9, value=-1)
    text, held, table = Div(name="text"), Column(name="held"), ColumnDataSource(name="table")

    def change(attr, old, new):
        text.text = "once"
        fresh = Div(text="fresh", name="fresh")
        held.children = [fresh]
        fresh.text = "changed"
        held.children = [text, fresh]
        held.children = []
        held.children = [fresh]
        table.data = {name: np.zeros(SIZES[new]) for name in "xyz"}
        table.data = {"x": np.arange(SIZES[new], dtype=float)}

    slider.on_change("value", change)
    for root in (slider, text, held, table):
        document.add_root(root)


async def read_message(socket):
    head, _, content = [json.loads(await socket.read_message()) for _ in range(3)]
    buffers = {}
    for _ in range(head.get("num_buffers", 0)):
        ref = json.loads(await socket.read_message())
        buffers[ref["id"]] = await socket.read_message()
    return head["msgtype"], content, buffers


async def read_until(socket, n):
    return [await asyncio.wait_for(read_message(socket), 30) for _ in range(n)]


async def open_page(server, session_id):
    """A socket that has received the document and has not yet reported that it is drawn."""
    token = generate_jwt_token(session_id)
    url = f"ws://localhost:{server.port}/ws"
    socket = await websocket_connect(url, subprotocols=["bokeh", token])
    assert (await read_message(socket))[0] == "ACK"
    for part in ({"msgid": "0", "msgtype": "PULL-DOC-REQ"}, {}, {}):
        socket.write_message(json.dumps(part))
    assert (await read_message(socket))[0] == "PULL-DOC-REPLY"
    return socket


async def close_pages(sockets):
    for socket in sockets:
        socket.close()
        while await socket.read_message() is not None:
            pass


async def move_slider(value):
    """The messages to the page that moves the slider, to a second page, and the writes."""
    server = Server(Application(FunctionHandler(build)), port=0)
    server.start()
    try:
        session_id = generate_session_id()
        sockets = [await open_page(server, session_id) for _ in "12"]
        model = server.get_sessions("/")[0].document.get_model_by_name("slider")
        event = {"kind": "ModelChanged", "model": {"id": model.id}, "attr": "value", "new": value}
        writes = []
        with pytest.MonkeyPatch.context() as patch:
            write = IOStream.write
            patch.setattr(IOStream, "write", lambda *given: writes.append(given) or write(*given))
            for part in ({"msgid": "1", "msgtype": "PATCH-DOC"}, {}, {"events": [event]}):
                sockets[0].write_message(json.dumps(part))
            own = await read_until(sockets[0], N_CHANGES + 1)
            # The second page also receives the slider's change.
            others = await read_until(sockets[1], N_CHANGES + 1)
        await close_pages(sockets)
        # The client itself writes three times.
        return own, others, len(writes) - 3
    finally:
        server.stop()
        server.unlisten()


def texts_of_children(changes):
    """The texts in each change of the children; None for a model that the page knows."""
    children = [change["new"] for change in changes if change.get("attr") == "children"]
    return [[each.get("attributes", {}).get("text") for each in one] for one in children]


@pytest.mark.parametrize("value", range(len(SIZES)))
def test_the_changes_of_a_callback_reach_all_pages_in_one_write_each(value):
    install_patches()
    install_patches()
    own, others, n_writes = run_in_new_loop(move_slider(value))
    assert [kind for kind, _, _ in own] == ["PATCH-DOC"] * N_CHANGES + ["OK"]
    assert others[-1][1]["events"][0]["new"] == value
    for messages in (own[:-1], others[:-1]):
        changes = [change for _, content, _ in messages for change in content["events"]]
        assert len(changes) == N_CHANGES
        texts = [change["new"] for change in changes if change.get("attr") == "text"]
        assert texts == ["once", "changed"]
        # A new model comes with the text of that time, and again after its removal.
        assert texts_of_children(changes) == [["fresh"], [None, None], [], ["changed"]]
        column = changes[-1]["data"]["entries"][0][1]
        values = np.frombuffer(messages[-1][2][column["array"]["data"]["id"]])
        np.testing.assert_array_equal(values, np.arange(SIZES[value]))
    # One write per page, and the answer.
    assert n_writes == 3


async def change_before_it_is_drawn():
    """The message about a change that is made while the browser draws the page."""
    column = pn.Column()
    server = pn.serve(lambda: column, port=0, show=False, start=False, threaded=False)
    server.start()
    try:
        socket = await open_page(server, generate_session_id())
        document = server.get_sessions("/")[0].document
        document.add_next_tick_callback(lambda: column.append("fresh"))
        (message,) = await read_until(socket, 1)
        await close_pages([socket])
        return message
    finally:
        server.stop()
        server.unlisten()


def test_a_change_made_while_the_page_is_drawn_reaches_the_page():
    install_patches()
    kind, content, _ = run_in_new_loop(change_before_it_is_drawn())
    (change,) = content["events"]
    assert (kind, change["attr"]) == ("PATCH-DOC", "children")
    assert "fresh" in change["new"][0]["attributes"]["text"]


async def close_while_drawn():
    """Whether a thread's task waits for the drawing, and ends when the page is closed."""
    server = pn.serve(pn.Column, port=0, show=False, start=False, threaded=False)
    server.start()
    try:
        socket = await open_page(server, generate_session_id())
        document = server.get_sessions("/")[0].document
        pn.state._connected[document] = True
        with set_curdoc(document):
            work = asyncio.ensure_future(run_in_thread(int))
        await asyncio.wait([work], timeout=0.3)
        waits = not work.done()
        for callback in document.session_destroyed_callbacks:
            callback(document.session_context)
        await asyncio.wait([work], timeout=30)
        await close_pages([socket])
        return waits, work.done()
    finally:
        server.stop()
        server.unlisten()


def test_a_page_closed_while_it_is_drawn_leaves_no_task():
    install_patches()
    assert run_in_new_loop(close_while_drawn()) == (True, True)
