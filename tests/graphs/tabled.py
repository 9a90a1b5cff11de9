"""Tables as ingestion keeps them, for tests of what is answered from all their rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from memory.ingest.documents import Made, Maker
from memory.ingest.loaders import delimited, markdown
from memory.ingest.parsed import Parsed, Raw
from memory.records import Access, Hit, Scope
from tests.support.small_stores import SmallEmbedder

Load = Callable[[Raw], Iterator[Parsed]]

PRICES = """SKU,Product,Category,Unit price (GBP),In stock,Reorder level,Supplier,Warehouse
B-10,Fjord 10 Barometer,Barometers,189.00,42,15,Kestrel Optik,Leith
B-12,Fjord 12 Barometer,Barometers,229.00,17,15,Kestrel Optik,Bergen
B-20,Fjord 20 Barograph,Barographs,749.00,9,5,Lindqvist AB,Bergen
S-08,Skerry 8 Sounder,Depth sounders,459.90,0,8,Marlin Sensors,Leith
C-01,Polaris Hand Compass,Compasses,96.50,88,30,Kestrel Optik,Bergen
C-10,Polaris Fluxgate Sensor,Compasses,198.75,22,12,Marlin Sensors,Leith
K-01,Tern Tide Clock,Clocks,62.00,140,50,Lindqvist AB,Leith
K-02,"Tern Ship's Clock",Clocks,1118.00,27,20,Lindqvist AB,Bergen
"""
STAFF = """| Name | Department | Office | Salary (EUR) |
|---|---|---|---|
| Anna Berg | Sales | Oslo | 62000 |
| Bo Lund | Sales | Bergen | 41000 |
| Cara Diaz | Research | Oslo | 71000 |
| Dev Rao | Research | Oslo | 68000 |
"""
TENTS = """sku;name;price_eur;weight_g;launchYear;waterproof;colours
T-1;Heron;49,90;1200;2021;no;red, blue
T-2;Kestrel;89,00;1550;2024;yes;black
T-3;Otter;1.019,50;900;2020;yes;blue, white
"""
PLOTS = """# Allotment rules

| Plot | Size | Rent per year | Shed allowed | Water | Drying cabinet included |
|---|---|---|---|---|---|
| Small | 80 m2 | 45 EUR | no | no | yes |
| Medium | 140 m2 | 70 EUR | yes | no | no |
| Large | 200 m2 | 95 EUR | yes | yes | no |
"""
ROOMS = """Room,Floor,Capacity (people),Area (m2),Projector
Fjord,1,12,40,yes
Skerry,2,6,18,no
Tern,2,30,35,yes
Total,,48,93,
"""


def kept(text: str, name: str, scope: Scope | None = None) -> Made:
    """A file's document and passages, as they are kept for a tenant."""
    load: Load = markdown.load if name.endswith(".md") else delimited.load
    maker = Maker(scope or Scope("tenant", "user"), SmallEmbedder(), "", Access())
    parsed = next(iter(load(Raw(name, text.encode()))))
    return maker.cut(maker.document(parsed, name, ""), parsed)


def hits_of(made: Made) -> tuple[Hit, ...]:
    """All passages of a document as hits, in reading order."""
    document = made.document
    return tuple(Hit(one, document.source, document.title, 1.0, at) for at, one in enumerate(made.passages, 1))
