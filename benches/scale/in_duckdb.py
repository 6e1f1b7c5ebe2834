"""DuckDB's side: python3 in_duckdb.py INPUT OUT THREADS AS_OF"""

import os
import sys

import duckdb

from figures import Meter, memory

INPUT, OUT, THREADS, AS_OF = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
DAY = 86_400_000
WEEKS = 104
BEGIN = AS_OF - 7 * WEEKS * DAY
OPEN = 2**63 - 1

# The life of each item, computed once and read by all answers. Segments are contiguous, so the
# final stretch of `done` begins where the last other segment ends.
ITEMS = f"""
CREATE OR REPLACE TEMP TABLE items AS
SELECT item, started, delivered, delivered - started AS flow_time, born_done
FROM (
    SELECT item,
        min("from") FILTER (category IN (1, 2)) AS started,
        max("to") FILTER (category <> 3) AS delivered,
        min("from") FILTER (category = 3) - min("from") <= 60000 AS born_done,
        arg_max(category, "from") = 3 AS done
    FROM segments GROUP BY item
)
WHERE done OR born_done
"""

DELIVERED = f"""
CREATE OR REPLACE TEMP TABLE delivered AS
SELECT s.team, i.delivered AS moment, i.flow_time
FROM items i JOIN segments s ON s.item = i.item AND s."from" = i.delivered
WHERE NOT i.born_done AND s.category = 3 AND i.delivered >= {BEGIN} AND i.delivered < {AS_OF}
"""

STARTED = f"""
CREATE OR REPLACE TEMP TABLE started AS
SELECT team, category, state, "from", "to"
FROM segments ANTI JOIN (SELECT item FROM items WHERE born_done) born USING (item)
WHERE category IN (1, 2)
"""

ANSWERS = {
    "throughput": f"""
        SELECT team, {BEGIN} + (moment - {BEGIN}) // {7 * DAY} * {7 * DAY} AS week, count(*) AS n
        FROM delivered GROUP BY ALL""",
    "flow_time": """
        SELECT team, count(flow_time) AS n, quantile_disc(flow_time, 0.5::DECIMAL(3,2)) AS p50,
            quantile_disc(flow_time, 0.85::DECIMAL(3,2)) AS p85,
            quantile_disc(flow_time, 0.95::DECIMAL(3,2)) AS p95
        FROM delivered GROUP BY team""",
    # At an edge stands what began before it and did not end before it.
    "wip": f"""
        WITH steps AS (
            SELECT team, greatest(("from" - {BEGIN} + {DAY}) // {DAY}, 0) AS day, 1 AS n
            FROM started WHERE "from" < {AS_OF}
            UNION ALL
            SELECT team, ("to" - {BEGIN} + {DAY}) // {DAY}, -1
            FROM started WHERE "to" < {AS_OF} AND "from" < {AS_OF}
        ), sums AS (
            SELECT team, greatest(day, 0) AS day, sum(n) AS n FROM steps GROUP BY ALL
        ), stock AS (
            SELECT t.team, d.day, sum(coalesce(n, 0)) OVER (PARTITION BY t.team ORDER BY d.day) AS n
            FROM (SELECT DISTINCT team FROM sums) t
            CROSS JOIN range({7 * WEEKS + 1}) d(day)
            LEFT JOIN sums ON sums.team = t.team AND sums.day = d.day
        )
        SELECT team, {BEGIN} + day * {DAY} AS edge, n FROM stock WHERE n <> 0""",
    "efficiency": f"""
        SELECT team,
            sum(least("to", {AS_OF}) - greatest("from", {BEGIN})) FILTER (category = 1) AS active,
            sum(least("to", {AS_OF}) - greatest("from", {BEGIN})) FILTER (category = 2) AS waiting
        FROM started WHERE "to" > {BEGIN} AND "from" < {AS_OF} GROUP BY team""",
    "states": f"""
        SELECT team, state, sum(least("to", {AS_OF}) - greatest("from", {BEGIN})) AS ms
        FROM started WHERE "to" > {BEGIN} AND "from" < {AS_OF} GROUP BY team, state""",
}


def compute(db):
    for text in (ITEMS, DELIVERED, STARTED):
        db.execute(text)
    for name, text in ANSWERS.items():
        db.execute(f"CREATE OR REPLACE TEMP TABLE answer_{name} AS {text}")


db = duckdb.connect()
db.execute(f"SET threads = {THREADS}")
meter = Meter()
db.execute(f"""
    CREATE TABLE segments AS
    SELECT item, "from", coalesce("to", {OPEN}) AS "to", team, category, state
    FROM read_csv('{INPUT}', header = true, auto_detect = false, delim = ',', columns = {{
        'item': 'INTEGER', 'from': 'BIGINT', 'to': 'BIGINT', 'team': 'SMALLINT',
        'category': 'TINYINT', 'state': 'TINYINT'}})
    WHERE "from" < {AS_OF}
""")
meter.print("load")
print(f"loaded={memory('VmRSS')}")
for name in ("cold", "warm"):
    meter = Meter()
    compute(db)
    meter.print(name)
print(f"peak={memory('VmHWM')}")
os.makedirs(OUT, exist_ok=True)
for name in ANSWERS:
    db.execute(f"COPY (SELECT * FROM answer_{name} ORDER BY ALL) TO '{OUT}/{name}.csv' (HEADER false)")
