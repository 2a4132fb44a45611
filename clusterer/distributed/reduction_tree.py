"""The tree of a tree reduction: which neighbours merge depends on their positions only."""

from typing import NamedTuple

FAN_IN = 8


class Node(NamedTuple):
    """A node of the tree; partitions are the nodes at level 0."""

    level: int
    place: int


class ReductionTree:
    """Merges ``fan_in`` neighbours of each level into one node of the next, until one is left.

    Parameters
    ----------
    n_leaves : int
        Number of partitions.
    fan_in : int, default 8
        Most children of a node.

    Examples
    --------
    >>> tree = ReductionTree(20)
    >>> tree.root, tree.children(Node(1, 2))
    (Node(level=2, place=0), [Node(level=0, place=16), ..., Node(level=0, place=19)])
    """

    def __init__(self, n_leaves: int, fan_in: int = FAN_IN) -> None:
        self.fan_in = fan_in
        self.widths = [n_leaves]
        while self.widths[-1] > 1:
            self.widths.append(-(-self.widths[-1] // fan_in))

    @property
    def root(self) -> Node:
        """The node that stands for all partitions."""
        return Node(len(self.widths) - 1, 0)

    @property
    def n_merges(self) -> int:
        """Number of nodes above the leaves."""
        return sum(self.widths[1:])

    def parent(self, node: Node) -> Node:
        """The node into which a node merges."""
        return Node(node.level + 1, node.place // self.fan_in)

    def children(self, node: Node) -> list[Node]:
        """The nodes that merge into a node, in order."""
        first = node.place * self.fan_in
        last = min(first + self.fan_in, self.widths[node.level - 1])
        return [Node(node.level - 1, place) for place in range(first, last)]

    def leaves(self, node: Node) -> range:
        """The partitions that a node stands for."""
        size = self.fan_in**node.level
        return range(node.place * size, min((node.place + 1) * size, self.widths[0]))
