"""Witnesses: visitors that look through all that they are sent for what belongs to others."""

import base64
import json
from typing import Any

from benchmarks.isolation.canaries import Canary, Watch, decode_places
from benchmarks.load.visitors import Visitor, find_models

DRAWN = {"points", "prototypes", "comparison"}
SETTINGS = {"Prototypes K": "n_prototypes", "Seed": "seed"}


class Witness(Visitor):
    """A session with canaries of its own. ``keys`` are those of its runs, ``link`` its address."""

    def __init__(self, url: str, canary: Canary, watch: Watch) -> None:
        super().__init__(url, canary.query)
        self.canary, self.watch = canary, watch
        self.keys: set[str] = set()
        self.link = ""
        self.is_playing = False
        self.folds = self.tabs = ""
        self._buttons: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._pieces: list[str] = []
        self._to_acknowledge = 0

    async def open(self) -> float:
        """Open the page; its run's key is one of the session's."""
        took_s = await super().open()
        self.paint()
        self.keys.add(self.key)
        return took_s

    def _acknowledge(self, number: int) -> None:
        # What counts is what is done, not frames: the last one is acknowledged now and then.
        self._to_acknowledge = number

    def paint(self) -> None:
        """Acknowledge the frame that came last, and so be sent the next one."""
        number, self._to_acknowledge = self._to_acknowledge, 0
        if number:
            super()._acknowledge(number)

    def _index(self, doc: Any) -> None:
        self._buttons.clear()
        self.models.clear()
        self._learn(doc)
        self.watch.look(json.dumps(doc, ensure_ascii=False), self.canary.number, "pages")
        super()._index(doc)

    def _learn(self, told: Any) -> None:
        """Remember models that are new, the last of each name."""
        for model in find_models(told):
            self._learn_model(model, model["attributes"])

    def _learn_model(self, model: dict[str, Any], attributes: dict[str, Any]) -> None:
        for key in ("name", "label"):
            if isinstance(name := attributes.get(key), str):
                name = "Play" if name == "Pause" else name
                self.models[name] = model
                self._names[model["id"]] = name
        data, kind = attributes.get("data"), attributes.get("class_name")
        if not isinstance(data, dict) or "attributes" not in data:
            return
        held = data["attributes"]
        if isinstance(held.get("label"), str):
            self._buttons[held["label"]] = model["id"]
        elif kind == "Tabs":
            self.tabs = data["id"]
        elif kind == "Accordion" and len(held["objects"]) > 1:
            # That of the settings and what can be taken away.
            self.folds = data["id"]

    def _hear(self, header: dict[str, Any], content: Any, buffers: dict[str, bytes]) -> None:
        number, place = self.canary.number, "messages"
        if header["msgtype"] == "PATCH-DOC":
            for data in (content, *buffers.values()):
                self.watch.look(data, number, place)
            told = json.loads(content)
            if '"attributes"' in content:
                self._learn(told)
            for event in told["events"]:
                self._judge(event, buffers)
        super()._hear(header, content, buffers)

    def _judge(self, event: dict[str, Any], buffers: dict[str, bytes]) -> None:
        number = self.canary.number
        name = self._names.get(event.get("model", {}).get("id", ""), "")
        if event["kind"] in ("ColumnDataChanged", "ColumnsStreamed") and name in DRAWN:
            for values in decode_places(event["data"], buffers):
                self.watch.look_at_points(values, number, "points drawn")
        elif event["kind"] == "ModelChanged":
            attribute, value = event["attr"], event["new"]
            if name == "Play" and attribute == "label":
                self.is_playing = value == "Pause"
            if attribute == "options" and name in self.models:
                self.models[name]["attributes"]["options"] = value
            if name == "address" and attribute == "query":
                self.link = value
                self.watch.look(value, number, "links")
                self.watch.look_at_settings(value.replace("&", "\n"), number, "links")
            elif name == "download":
                self._receive(attribute, value)
            elif name in SETTINGS and attribute == "value":
                self.watch.look_at_setting(SETTINGS[name], value, number, "messages")

    def _receive(self, attribute: str, value: Any) -> None:
        download = self.models["download"]["attributes"]
        download[attribute] = value
        if attribute == "image_request" and value:
            self.watch.look(value, self.canary.number, "file, picture's name")
        if attribute != "number":
            return
        if download.get("is_first"):
            self._pieces.clear()
        self._pieces.append(download.get("piece", ""))
        if download.get("is_last"):
            content = b"".join(map(base64.b64decode, self._pieces))
            self.watch.look_at_file(download["file_name"], content, self.canary.number)
        self.post(self.models["download"]["id"], "received", value)
