"""The score: what was killed of what was tried, by category, and what survived."""

from pathlib import Path

import mutant as mutants
import suite

LEAST_PERCENT = 90


def models_for(root: Path) -> dict[str, str]:
    """models.txt: which model stands for an ordered access, by its number, its function or its file."""
    return mutants.table(root, "models.txt")


def covering(each: mutants.Mutant, models: dict[str, str]) -> str | None:
    """`why` of an order mutant is the number of its access, or "-"."""
    path = each.name.split(":", 1)[1]
    for key in (each.why, path, path.rsplit(":", 1)[0], path.split(":")[0]):
        if key in models:
            return models[key]
    return None


def is_over(result: dict | None) -> bool:
    """Who survived a part of the suite may yet be stopped by the rest."""
    return result is not None and (result["verdict"] != "survived" or {step.name for step in suite.STEPS} <= set(result.get("asked", [])))


def show(root: Path, chosen: list[mutants.Mutant], found: list[dict | None]) -> int:
    explained = mutants.table(root, "survivors.txt")
    waiting = [each for each, result in zip(chosen, found) if result is not None and not is_over(result)]
    found = [result if is_over(result) else None for result in found]
    print(f"\n{'category':10} {'mutants':>8} {'tried':>6} {'killed':>7} {'survived':>9} {'explained':>10} {'not built':>10}")
    sums = {"killed": 0, "survived": 0, "explained": 0}
    for category in mutants.CATEGORIES:
        of = [(each, result) for each, result in zip(chosen, found) if each.category == category]
        by = {verdict: [each for each, result in of if result and result["verdict"] == verdict]
              for verdict in ("killed", "survived", "not built")}
        reasons = [each for each in by["survived"] if each.name in explained]
        tried = sum(map(len, by.values()))
        print(f"{category:10} {len(of):8} {tried:6} {len(by['killed']):7} {len(by['survived']):9} {len(reasons):10} "
              f"{len(by['not built']):10}")
        if category != mutants.FOR_MODELS:
            sums["killed"] += len(by["killed"])
            sums["survived"] += len(by["survived"])
            sums["explained"] += len(reasons)
    tried = sums["killed"] + sums["survived"]
    percent = 100 * sums["killed"] / tried if tried else 0
    print(f"score without those that only weaken an order: {sums['killed']} of {tried} killed, {percent:.1f} % "
          f"({LEAST_PERCENT} are required); {sums['explained']} of the survivors are explained")
    known = tried - sums["explained"]
    print(f"of those that a test can know: {sums['killed']} of {known}, {100 * sums['killed'] / known if known else 0:.1f} %")
    undecided = sum(each.category != mutants.FOR_MODELS and result is None for each, result in zip(chosen, found))
    if undecided:
        print(f"that is no score yet: {undecided} are not decided, of which {len(waiting)} have survived a part of the suite")
    for each, result in zip(chosen, found):
        if result and result["verdict"] == "survived" and each.category != mutants.FOR_MODELS:
            how = f" ({result['how']})" if result["how"] else ""
            print(f"survived  {each.name} {each.file}:{each.line} {each.why}{how}\n"
                  f"          {explained.get(each.name, 'NOT EXPLAINED')}")
    return 0 if percent >= LEAST_PERCENT and not undecided else 1
