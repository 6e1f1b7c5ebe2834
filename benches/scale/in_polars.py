"""Polars' side: python3 in_polars.py INPUT OUT THREADS AS_OF (THREADS are set before it starts)"""

import os
import sys

INPUT, OUT, AS_OF = sys.argv[1], sys.argv[2], int(sys.argv[4])
os.environ["POLARS_MAX_THREADS"] = sys.argv[3]

import polars as pl  # noqa: E402
from polars import col  # noqa: E402

from figures import Meter, memory  # noqa: E402

DAY = 86_400_000
WEEKS = 104
BEGIN = AS_OF - 7 * WEEKS * DAY
OPEN = 2**63 - 1
PERCENTS = (50, 85, 95)


def answers(segments):
    """The answers as lazy frames, over two that are computed once."""
    done = col("category") == 3
    items = (
        segments.lazy()
        .group_by("item")
        .agg(
            started=col("from").filter(col("category").is_in([1, 2])).min(),
            delivered=col("to").filter(~done).max(),
            born=col("from").filter(done).min() - col("from").min() <= 60_000,
            done=col("category").last() == 3,
        )
        .filter(col("done") | col("born"))
        .collect()
    )
    born = items.lazy().filter(col("born")).select("item")
    delivered = (
        segments.lazy()
        .filter(done)
        .join(
            items.lazy().filter(~col("born").fill_null(False)),
            left_on=["item", "from"], right_on=["item", "delivered"],
        )
        .filter(col("from") >= BEGIN, col("from") < AS_OF)
        .select("team", at="from", flow_time=col("from") - col("started"))
        .collect()
    )
    started = (
        segments.lazy()
        .filter(col("category").is_in([1, 2]))
        .join(born, on="item", how="anti")
        .select("team", "category", "state", "from", "to")
        .collect()
    )
    rank = lambda p: col("flow_time").sort().get((p * pl.len() + 99) // 100 - 1)  # noqa: E731
    day = lambda name: ((col(name) - BEGIN + DAY) // DAY).clip(lower_bound=0)  # noqa: E731
    entered = started.lazy().select("team", day=day("from"), n=pl.lit(1, pl.Int64))
    left = started.lazy().filter(col("to") < AS_OF).select("team", day=day("to"), n=pl.lit(-1, pl.Int64))
    sums = pl.concat([entered, left]).group_by("team", "day").agg(col("n").sum())
    grid = (
        started.lazy().select("team").unique()
        .join(pl.LazyFrame({"day": pl.Series(range(7 * WEEKS + 1), dtype=pl.Int64)}), how="cross")
    )
    inside = lambda begin: col("to").clip(upper_bound=AS_OF) - col("from").clip(lower_bound=begin)  # noqa: E731
    reaches = lambda begin: started.lazy().filter(col("to") > begin)  # noqa: E731
    wanted = {
        "throughput": delivered.lazy()
        .group_by("team", week=BEGIN + (col("at") - BEGIN) // (7 * DAY) * (7 * DAY))
        .agg(n=pl.len()),
        "flow_time": delivered.lazy()
        .filter(col("flow_time").is_not_null())
        .group_by("team")
        .agg(n=pl.len(), **{f"p{p}": rank(p) for p in PERCENTS}),
        "wip": grid.join(sums, on=["team", "day"], how="left")
        .sort("team", "day")
        .with_columns(n=col("n").fill_null(0).cum_sum().over("team"))
        .filter(col("n") != 0)
        .select("team", edge=BEGIN + col("day") * DAY, n="n"),
        "efficiency": reaches(BEGIN)
        .group_by("team")
        .agg(
            active=inside(BEGIN).filter(col("category") == 1).sum(),
            waiting=inside(BEGIN).filter(col("category") == 2).sum(),
        ),
        "states": reaches(BEGIN).group_by("team", "state").agg(ms=inside(BEGIN).sum()),
    }
    return dict(zip(wanted, pl.collect_all(list(wanted.values()))))


meter = Meter()
schema = {"item": pl.Int32, "from": pl.Int64, "to": pl.Int64, "team": pl.Int16,
          "category": pl.Int8, "state": pl.Int8}
segments = (
    pl.scan_csv(INPUT, schema=schema)
    .filter(col("from") < AS_OF)
    .with_columns(col("to").fill_null(OPEN))
    .collect()
)
meter.print("load")
print(f"loaded={memory('VmRSS')}")
for name in ("cold", "warm"):
    meter = Meter()
    found = answers(segments)
    meter.print(name)
print(f"peak={memory('VmHWM')}")
os.makedirs(OUT, exist_ok=True)
for name, frame in found.items():
    frame.sort(frame.columns).write_csv(f"{OUT}/{name}.csv", include_header=False)
