#!/usr/bin/env python3
"""Holds the queries of alerts and dashboards to a Prometheus and to the box that it scrapes: it takes each of them, and the box has each
metric and each label that they name.

  tests/packaging/queries.py PROMETHEUS BOX DASHBOARD...
"""

import json
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

PROMETHEUS, BOX, *DASHBOARDS = sys.argv[1:]
VARIABLES = {"$workshop": ".*", "$box": "taller", "$__rate_interval": "1m"}
OPERATORS = {"and", "or", "unless", "bool", "offset"}
# Their words come with what happens: an answer, a refusal, a failure.
EVENTS = {"status", "reason", "outcome"}


def ask(path, **parameters):
    url = f"{PROMETHEUS}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return json.load(answer)["data"]
    except urllib.error.HTTPError as error:
        sys.exit(f"FAILED: Prometheus refuses {parameters}: {json.load(error)['error']}")


def eventually(what, look):
    """Waits for `look` to return what is still missing: nothing."""
    deadline = time.monotonic() + 60
    while missing := look():
        if time.monotonic() > deadline:
            sys.exit(f"FAILED: not within a minute: {what}: {missing}")
        time.sleep(0.1)


def of_dashboards():
    """Where it is, and the query; then the labels that a legend or a variable shows."""
    queries, labels = [], set()
    for file in DASHBOARDS:
        with open(file, encoding="utf-8") as text:
            dashboard = json.load(text)
        for panel in dashboard["panels"]:
            for target in panel["targets"]:
                queries.append((f"{file}, {panel['title']}", target["expr"]))
                labels.update(re.findall(r"\{\{(\w+)\}\}", target.get("legendFormat", "")))
        for variable in dashboard["templating"]["list"]:
            if variable["type"] == "query":
                query, label = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"]["query"]).groups()
                queries.append((f"{file}, ${variable['name']}", query))
                labels.add(label)
    return queries, labels


def named(query):
    """The metrics that a query names, each with its matchers, and the labels by which it joins and groups."""
    lists = r"\b(?:by|on|without|ignoring)\s*\(([^)]*)\)"
    labels = {label.strip() for found in re.findall(lists, query) for label in found.split(",")}
    query = re.sub(lists, "", query)
    selectors = re.findall(r"([A-Za-z_]\w*)\{([^}]*)\}", query)
    query = re.sub(r'[A-Za-z_]\w*\{[^}]*\}|"[^"]*"|\[[^]]*\]|\boffset \w+', "", query)
    plain = set(re.findall(r"\b[A-Za-z_]\w*\b(?!\s*\()", query)) - OPERATORS
    matchers = [(name, re.findall(r'(\w+)\s*(=~|!=|!~|=)\s*"([^"]*)"', inside)) for name, inside in selectors]
    return matchers + [(name, []) for name in plain], labels


def unmatched(series, matchers):
    """What of these matchers no series could match."""
    for label, operator, value in matchers:
        values = {one[label] for one in series if label in one}
        if not values:
            yield label
        elif operator in ("=", "=~") and label not in EVENTS:
            words = value.split("|") if operator == "=~" else [value]
            yield from (f"{label}={word}" for word in words if not any(re.fullmatch(word, known) for known in values))


dashboards, shown = of_dashboards()
rules = [rule for group in ask("rules")["groups"] for rule in group["rules"]]
queries = [(rule["name"], rule["query"]) for rule in rules]
for place, query in dashboards:
    for variable, value in VARIABLES.items():
        query = query.replace(variable, value)
    queries.append((place, query))
for place, query in queries:
    ask("query", query=query)

eventually(
    "every rule was evaluated",
    lambda: [rule["name"] for group in ask("rules")["groups"] for rule in group["rules"] if rule["health"] != "ok"],
)


def of_box():
    """Its series. Prometheus leaves out labels that are empty, such as the desired version before the bucket has answered."""
    with urllib.request.urlopen(f"{BOX}/metrics", timeout=20) as answer:
        for line in answer.read().decode().splitlines():
            if found := re.match(r"(\w+)(?:\{(.*)\})? ", line):
                yield {"__name__": found[1], **dict(re.findall(r'(\w+)="([^"]*)"', found[2] or ""))}


def missing():
    series, found = {}, []
    for one in [*ask("series", **{"match[]": '{__name__=~".+"}'}), *of_box()]:
        series.setdefault(one["__name__"], []).append(one)
    known = {label for of_name in series.values() for one in of_name for label in one}
    for place, query in queries:
        selectors, labels = named(query)
        found += [f"{place}: {label}" for label in labels - known]
        for name, matchers in selectors:
            if name in series:
                found += [f"{place}: {name}{{{what}}}" for what in unmatched(series[name], matchers)]
            else:
                found.append(f"{place}: {name}")
    return found + sorted(shown - known)


eventually("the box has every metric and label", missing)
print(f"{len(rules)} alerts, {len(dashboards)} queries of dashboards: the box has what they ask for")
