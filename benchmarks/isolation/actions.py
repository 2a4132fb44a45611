"""What a session may do: one action after the other, at random."""

import asyncio
import base64
import gzip
import json
import random
from collections.abc import Sequence
from typing import Any

from benchmarks.isolation.canaries import Canary, Watch
from benchmarks.isolation.witnesses import Witness
from benchmarks.sockets.messages import change

GENERATORS = ("Blobs", "Moons", "Rings", "Drifting blobs", "Unbalanced blobs")
FILES = ("Points", "Clusters", "Prototypes", "JSON", "Model", "Python")
N_TABS = 8
PAINTED, PAUSED = 0.15, 0.5
TURNED: dict[str, Sequence[Any]] = {
    "Noise": [i / 100 for i in range(51)],
    "Kernel width σ": range(121),
    "Speed": range(10),
    "Window": range(5),
    "Memory (half-life)": range(16),
}
SWITCHES = (
    *("Drop singleton clusters", "Automatic σ", "Automatic memory", "Keep inactive clusters"),
    *("Join prototypes into clusters", "Trails", "Standardise", "Scatter matrix"),
)

# How often each comes, beside the others.
ACTIONS = {
    "turn": 30,
    "switch": 12,
    "own_k": 8,
    "own_seed": 6,
    "play_or_pause": 10,
    "step": 10,
    "reset": 3,
    "generate": 3,
    "choose_table": 2,
    "upload": 2,
    "upload_junk": 1,
    "choose_columns": 4,
    "choose_label": 3,
    "choose_at_hand": 1,
    "choose_tab": 8,
    "choose_axis": 3,
    "travel": 5,
    "go_live": 3,
    "branch": 2,
    "take_away": 8,
    "take_picture": 2,
    "take_video": 0.01,
    "challenge": 0.3,
    "sweep": 0.05,
    "take_from_sweep": 1,
    "draw": 1,
    "paint": 3,
    "help": 1,
    "tour": 1,
    "zoom": 3,
    "look_at_table": 1,
    "reload": 0.25,
    "leave": 0.1,
    "follow_link": 0.1,
}


class Resident(Witness):
    """A session that acts at random."""

    def __init__(self, url: str, canary: Canary, watch: Watch, seed: int) -> None:
        super().__init__(url, canary, watch)
        self.dice = random.Random(seed)
        self.lock = asyncio.Lock()
        self._n_uploads = self._n_keys = 0

    async def act(self) -> tuple[str, int]:
        """Do something; returns what, and how many things at once."""
        kind: str = self.dice.choices([*ACTIONS], [*ACTIONS.values()])[0]
        async with self.lock:
            n = await getattr(self, f"_{kind}")()
            if self.is_playing and self.dice.random() < PAUSED:
                await self._press(" ")
            if self.dice.random() < PAINTED:
                self.paint()
        return kind, n or 1

    async def unfold(self) -> None:
        """Show the settings that are folded away, and what can be taken away."""
        await self.turn(self.folds, "active", [0, 1])

    async def _set(self, label: str, value: Any, name: str = "value") -> None:
        # What another tab or table has is not there yet.
        if label in self.models:
            await self.turn(self.models[label]["id"], name, value)

    async def _set_many(self, values: list[tuple[str, Any]]) -> int:
        changes = [
            change(self.models[label]["id"], "value", value)
            for label, value in values
            if label in self.models
        ]
        await self.ask("PATCH-DOC", {"events": changes})
        return len(changes)

    async def _click(self, label: str) -> None:
        if label in self._buttons:
            entries = [["model", {"id": self._buttons[label]}], ["node", "click"], ["data", {}]]
            values = {"type": "map", "entries": entries}
            event = {"type": "event", "name": "dom_event", "values": values}
            sent = {"kind": "MessageSent", "msg_type": "bokeh_event", "msg_data": event}
            await self.ask("PATCH-DOC", {"events": [sent]})

    async def _press(self, key: str) -> None:
        self._n_keys += 1
        await self.turn(self.models["keys"]["id"], "pressed", f"{self._n_keys} {key}")

    async def _turn(self) -> int:
        labels = self.dice.sample([*TURNED], self.dice.randrange(1, len(TURNED) + 1))
        return await self._set_many([(label, self.dice.choice(TURNED[label])) for label in labels])

    async def _switch(self) -> int:
        labels = self.dice.sample(SWITCHES, 2)
        return await self._set_many([(label, self.dice.random() < 0.5) for label in labels])

    async def _own_k(self) -> None:
        await self._set("Prototypes K", self.canary.n_prototypes)

    async def _own_seed(self) -> None:
        await self._set("Seed", self.canary.seed)

    async def _play_or_pause(self) -> None:
        await self._press(" ")

    async def _step(self) -> None:
        await self._press("ArrowRight")

    async def _reset(self) -> None:
        await self._press("r")

    async def _help(self) -> None:
        await self._press("?")

    async def _tour(self) -> None:
        await self._press("t")

    async def _generate(self) -> None:
        await self._set("Source", "Generated")
        await self._set("Generator", self.dice.choice(GENERATORS))

    async def _choose_table(self) -> None:
        await self._set("Source", "My table")

    async def _draw(self) -> None:
        await self._set("Source", "Draw")

    async def _paint(self) -> None:
        self._n_keys += 1
        places = [[self.dice.uniform(1, 19), self.dice.uniform(1, 9)]]
        stroke = {"number": self._n_keys, "stroke": self._n_keys, "kind": "Paint"}
        told = stroke | {"places": places, "radii": [1.0, 1.0], "n_points": 5}
        await self._set("brush", json.dumps(told), "gesture")

    async def _send_file(self, name: str, content: bytes) -> None:
        self._n_uploads += 1
        if "Upload" not in self.models:
            # It is made when it is first shown.
            await self._choose_table()
            async with asyncio.timeout(60):
                while "Upload" not in self.models:
                    await asyncio.sleep(0.02)
        model = self.models["Upload"]["id"]
        begin = {"kind": "begin", "number": self._n_uploads, "name": name}
        self.send_message(model, begin | {"n_bytes": len(content)})
        data = {"type": "bytes", "data": base64.b64encode(gzip.compress(content)).decode()}
        piece = {"kind": "piece", "number": self._n_uploads, "start": 0, "data": data}
        self.send_message(model, piece)
        await self.ask("SERVER-INFO-REQ", {})

    async def _upload(self) -> None:
        await self.upload()

    async def upload(self) -> None:
        """Bring the table that is its own."""
        await self._send_file(self.canary.table, self.canary.write_table())

    async def _upload_junk(self) -> None:
        name, text = self.canary.text("junk") + ".csv", self.canary.text("no-number")
        await self._send_file(name, f"{text}\n{text}\n".encode())

    async def _choose_columns(self) -> None:
        chosen = self.dice.sample(self.canary.features, self.dice.choice([0, 1, 2, 2]))
        await self._set("Features", chosen)

    async def _choose_label(self) -> None:
        await self._set("True classes", self.canary.text(self.dice.choice(["class", "remark"])))

    async def _choose_at_hand(self) -> None:
        await self._set("Or choose a table", "Iris flowers")

    async def _look_at_table(self) -> None:
        await self._click("Preview the table")

    async def _choose_tab(self) -> None:
        # Mostly the first, which costs nothing.
        await self.turn(self.tabs, "active", max(self.dice.randrange(-N_TABS, N_TABS), 0))

    async def _choose_axis(self) -> None:
        await self._set(self.dice.choice(["x axis", "y axis"]), self.canary.features[0])

    async def _zoom(self) -> None:
        across = self.models["live"]["attributes"]["x_range"]["id"]
        start = self.dice.uniform(-20, 0)
        self.post_many([(across, "start", start), (across, "end", start + 30)])

    async def _travel(self) -> None:
        await self._set("Time: now", self.dice.randrange(200))

    async def _go_live(self) -> None:
        await self._click("Live")

    async def _branch(self) -> None:
        await self._click("Play from here")

    async def _take_away(self) -> None:
        await self._click(self.dice.choice(FILES))

    async def _take_picture(self) -> None:
        await self._click(self.dice.choice(["PNG", "SVG"]))

    async def _take_video(self) -> None:
        await self._click("Video")

    async def _challenge(self) -> None:
        await self.turn(self.tabs, "active", N_TABS - 2)
        await self._set("Against", "MiniBatchKMeans")

    async def _sweep(self) -> None:
        await self.turn(self.tabs, "active", N_TABS - 1)
        await self._click("Sweep")

    async def _take_from_sweep(self) -> None:
        offered = self.models.get("Take", {}).get("attributes", {}).get("options", [])
        if len(offered) > 1:
            await self._set("Take", self.dice.randrange(1, len(offered)))

    async def _come(self, query: str, key: str) -> None:
        await self.close()
        self.query, self.key = query, key
        await self.open()
        await self.unfold()

    async def _reload(self) -> None:
        await self._come(self.query, self.key)

    async def come_back(self) -> None:
        """Load the page again, after its server was lost."""
        async with self.lock:
            await self._reload()

    async def _leave(self) -> None:
        await self._come(self.canary.query, "")

    async def _follow_link(self) -> None:
        await self._come(f"?{self.link}", "")
