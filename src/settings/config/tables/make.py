#!/usr/bin/env python3
"""Makes the tables of this folder from the sources of the programs, which are read and never run.

    make.py SOURCES

SOURCES holds one folder for each program: transformers/VERSION/training_args*.py, trl/VERSION (an unpacked
wheel), axolotl, llamafactory and torchtune (unpacked wheels). A line of a table is

    class  key  type  default  since  until

`type` lists what the annotation takes, `default` is JSON (`?` where it is not a literal, `!` where there is none),
`since` the first version of those looked at with that type and default, `until` the first without; both are empty
where the versions end.
"""

import ast
import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).parent
ATOMS = {"int": "int", "float": "float", "bool": "bool", "str": "str", "list": "list", "dict": "dict", "List": "list",
         "Dict": "dict", "tuple": "list", "Tuple": "list", "Any": "any", "None": "none", "Sequence": "list",
         "Literal": "str", "StrictBool": "bool", "StrictInt": "int"}


def kind(node, enums):
    """The atoms of an annotation."""
    if node is None:
        return {"any"}
    if isinstance(node, ast.Constant):
        if node.value is None:
            return {"none"}
        if isinstance(node.value, str):
            return kind(ast.parse(node.value, mode="eval").body, enums)
        return {"any"}
    if isinstance(node, ast.BinOp):
        return kind(node.left, enums) | kind(node.right, enums)
    if isinstance(node, ast.Subscript):
        name = node.value.attr if isinstance(node.value, ast.Attribute) else node.value.id
        if name == "Optional":
            return kind(node.slice, enums) | {"none"}
        if name == "Union":
            return set().union(*(kind(item, enums) for item in node.slice.elts))
        if name == "Annotated":
            return kind(node.slice.elts[0], enums)
        if name == "Literal":
            items = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
            return {"none" if getattr(item, "value", 0) is None else type(getattr(item, "value", "")).__name__
                    for item in items} | {"str"} - {"NoneType"}
        return {ATOMS.get(name, "any")}
    if isinstance(node, ast.Attribute):
        return {"str"} if node.attr in enums else {"any"}
    if isinstance(node, ast.Name):
        if node.id in ATOMS:
            return {ATOMS[node.id]}
        if node.id in enums or re.search(r"(Strategy|SchedulerType|OptimizerNames|DebugOption)$", node.id):
            return {"str"}
        return {"model"} if node.id[:1].isupper() else {"any"}
    return {"any"}


def literal(node):
    """A default as JSON."""
    if node is None:
        return "!"
    try:
        value = ast.literal_eval(node)
    except ValueError:
        text = ast.unparse(node)
        names = {"lambda: []": "[]", "list": "[]", "dict": "{}", "lambda: {}": "{}"}
        if text in names:
            return names[text]
        if isinstance(node, ast.BinOp):
            try:
                return json.dumps(eval(text, {"__builtins__": {}}))
            except Exception:
                return "?"
        if isinstance(node, ast.Lambda):
            return literal(node.body)
        return "?"
    if isinstance(value, tuple):
        value = list(value)
    try:
        return json.dumps(value, ensure_ascii=True)
    except TypeError:
        return "?"


def fields(tree, enums):
    """Classes of a file: bases, and fields with type, default and alias."""
    found = {}
    for node in tree.body:
        if not isinstance(node, ast.ClassDef):
            continue
        own = {}
        for item in node.body:
            if not (isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)):
                continue
            default, alias = item.value, None
            if isinstance(default, ast.Call):
                call = {key.arg: key.value for key in default.keywords}
                named = default.func.attr if isinstance(default.func, ast.Attribute) else default.func.id
                if named in ("field", "Field", "dataclass_field"):
                    alias = ast.literal_eval(call["alias"]) if "alias" in call else None
                    default = call.get("default", call.get("default_factory", default.args[0] if default.args else None))
                    if isinstance(default, ast.Constant) and default.value is Ellipsis:
                        default = None
            value = literal(default)
            if isinstance(default, ast.Attribute):
                value = json.dumps(enums.get(ast.unparse(default))) if ast.unparse(default) in enums else value
            own[item.target.id] = ("|".join(sorted(kind(item.annotation, enums))), value, alias)
        bases = [base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "") for base in node.bases]
        found[node.name] = (bases, own)
    return found


def enums_of(trees):
    """Members of the enumerations of some files, and their names."""
    found = {}
    for tree in trees:
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and any("Enum" in ast.unparse(base) for base in node.bases):
                found[node.name] = None
                for item in node.body:
                    if isinstance(item, ast.Assign) and isinstance(item.value, ast.Constant):
                        found[f"{node.name}.{item.targets[0].id}"] = item.value.value
    return found


def flat(classes, name, stop=()):
    """Fields of a class with those it inherits; its own come last and win."""
    bases, own = classes.get(name, ([], {}))
    out = {}
    for base in reversed(bases):
        if base not in stop:
            out.update(flat(classes, base, stop))
    out.update(own)
    return out


def read(paths):
    return [ast.parse(path.read_text()) for path in paths if path.exists()]


def order(version):
    return tuple(int(part) for part in version.split("."))


def timeline(by_version):
    """Lines of (class, key) over versions."""
    versions = sorted(by_version, key=order)
    lines, open_lines = [], {}
    for at, version in enumerate(versions):
        seen = by_version[version]
        for key in list(open_lines):
            if seen.get(key) != open_lines[key][0]:
                value, since = open_lines.pop(key)
                lines.append((*key, *value, since, version))
        for key, value in seen.items():
            if key not in open_lines:
                open_lines[key] = (value, "" if at == 0 else version)
    lines += [(*key, *value, since, "") for key, (value, since) in open_lines.items()]
    return sorted(lines, key=lambda line: (line[0], line[1], order(line[4]) if line[4] else ()))


def write(name, lines, note):
    text = f"# {note}\n" + "".join("\t".join(line) + "\n" for line in lines)
    (HERE / f"{name}.tsv").write_text(text)
    print(f"{name}: {len(lines)} lines")


def single(found):
    return sorted((group, key, *value, "", "") for (group, key), value in found.items())


def transformers(root):
    by_version = {}
    for folder in (root / "transformers").iterdir():
        trees = read(sorted(folder.glob("training_args*.py")))
        enums = enums_of(trees) | {"IntervalStrategy.NO": "no", "IntervalStrategy.STEPS": "steps"}
        classes = {}
        for tree in trees:
            classes |= fields(tree, enums)
        own = flat(classes, "TrainingArguments")
        by_version[folder.name] = {("TrainingArguments", key): value[:2] for key, value in own.items()
                                   if not key.startswith("_")}
        for key, value in classes.get("Seq2SeqTrainingArguments", ([], {}))[1].items():
            by_version[folder.name][("Seq2SeqTrainingArguments", key)] = value[:2]
    every = {key for seen in by_version.values() for key in seen if key[0].startswith("Seq2Seq")}
    latest = next(iter(value for version, value in sorted(by_version.items()) if any(key in value for key in every)))
    for seen in by_version.values():
        seen |= {key: latest[key] for key in every if key in latest and key not in seen}
    write("transformers", timeline(by_version), "made by make.py from training_args.py of transformers (Apache-2.0)")


def trl(root):
    groups = {"SFTConfig": "sft", "DPOConfig": "dpo", "KTOConfig": "kto", "RewardConfig": "reward", "ORPOConfig": "orpo",
              "CPOConfig": "cpo", "GRPOConfig": "grpo", "RLOOConfig": "rloo", "PRMConfig": "prm", "GKDConfig": "gkd",
              "BCOConfig": "bco", "OnlineDPOConfig": "online_dpo", "ScriptArguments": "script",
              "DPOScriptArguments": "script_dpo", "SFTScriptArguments": "script_sft", "ModelConfig": "model",
              "DatasetMixtureConfig": "mixture", "GRPOScriptArguments": "script_grpo",
              "RewardScriptArguments": "script_reward"}
    by_version = {}
    for folder in (root / "trl").iterdir():
        package = folder / "trl"
        files = [*sorted((package / "trainer").glob("*config.py")), *sorted((package / "scripts").glob("*.py")),
                 package / "commands" / "cli_utils.py", package / "utils.py",
                 *sorted((package / "experimental").glob("*/*config.py"))]
        classes = {}
        for tree in read(files):
            for name, value in fields(tree, {}).items():
                # What was moved to `experimental` keeps its old name there; the first one read is the trainer's.
                classes.setdefault(name, value)
        found = {}
        for name, group in groups.items():
            for key, value in flat(classes, name, stop=("TrainingArguments",)).items():
                if not key.startswith("_"):
                    found[(group, key)] = value[:2]
        by_version[folder.resolve().name.removeprefix("trl-")] = found
    # `trl sft --config` hands what the trainer does not know to `accelerate launch`.
    launch = (root / "accelerate" / "accelerate" / "commands" / "launch.py").read_text()
    for names in re.findall(r"""add_argument\(\s*((?:["']--?[a-z0-9_-]+["'],\s*)+)""", launch):
        key = re.findall(r"--([a-z0-9_-]+)", names)[0].replace("-", "_")
        for found in by_version.values():
            found.setdefault(("launch", key), ("any", "!"))
    for found in by_version.values():
        found[("launch", "accelerate_config")] = ("any", "!")
    write("trl", timeline(by_version), "made by make.py from the config classes of TRL and the launcher of accelerate (both Apache-2.0)")


def llama_factory(root):
    folder = root / "llamafactory" / "llamafactory" / "hparams"
    classes = {}
    for tree in read(sorted(folder.glob("*_args.py"))):
        classes |= fields(tree, {})
    found = {}
    for group in ("ModelArguments", "DataArguments", "FinetuningArguments", "GeneratingArguments", "TrainingArguments"):
        stop = ("Seq2SeqTrainingArguments", "BaseTrainingArguments")
        for key, value in flat(classes, group, stop).items():
            found[(group, key)] = value[:2]
    write("llama_factory", single(found), "made by make.py from hparams/ of LLaMA-Factory 0.9.5 (Apache-2.0)")


def axolotl(root):
    package = root / "axolotl" / "axolotl"
    schemas = [*sorted((package / "utils" / "schemas").glob("*.py")),
               *sorted((package / "utils" / "schemas" / "internal").glob("*.py"))]
    trees = read(schemas)
    enums = enums_of(trees)
    classes = {}
    for tree in trees:
        classes |= fields(tree, enums)
    found = {}

    def add(group, name):
        for key, (types, default, alias) in flat(classes, name).items():
            for named in filter(None, (key, alias)):
                # An entry may be of any of its group's classes, so a key takes what it takes in one of them.
                before = found.get((group, named), ("", ""))[0].split("|")
                both = sorted({*before, *types.split("|")} - {""})
                found[(group, named)] = ("|".join(both), default)

    add("top", "AxolotlInputConfig")
    for group, names in {"datasets": ("SFTDataset", "DPODataset", "KTODataset", "StepwiseSupervisedDataset",
                                      "SyntheticDataset"),
                         "pretraining_dataset": ("PretrainingDataset",), "datasets.type": ("UserDefinedPrompterType",
                                                                                          "UserDefinedDPOType",
                                                                                          "UserDefinedKTOType")}.items():
        for name in names:
            add(group, name)
    for path in sorted((package / "integrations").rglob("args.py")):
        for name, (_, own) in fields(ast.parse(path.read_text()), enums).items():
            for key, value in own.items():
                found.setdefault(("plugin", key), value[:2])
    write("axolotl", single(found), "made by make.py from the schemas of axolotl 0.19.0 (Apache-2.0)")


def torchtune(root):
    recipes = root / "torchtune" / "recipes"
    keys = {}
    for path in sorted(recipes.rglob("*.py")):
        text = path.read_text()
        for key in re.findall(r"\bcfg\.([a-z_]+)", text):
            if key not in ("get", "pop", "keys", "items"):
                keys.setdefault(key, "!")
        for key, default in re.findall(r"""\bcfg\.(?:get|pop)\(\s*["']([a-z_]+)["'](?:,\s*(?:default=)?([^()\s]+?))?,?\s*\)""", text):
            try:
                keys[key] = json.dumps(ast.literal_eval(default)) if default else "null"
            except (ValueError, SyntaxError):
                keys[key] = "?"
    for path in sorted((recipes / "configs").rglob("*.yaml")):
        for key in re.findall(r"^([a-z_]+):", path.read_text(), re.M):
            keys.setdefault(key, "!")
    found = {("top", key): ("any", default) for key, default in keys.items()}
    write("torchtune", single(found), "made by make.py from the recipes of torchtune 0.6.1 (BSD-3-Clause)")


def main():
    root = pathlib.Path(sys.argv[1])
    for make in (transformers, trl, llama_factory, axolotl, torchtune):
        make(root)


if __name__ == "__main__":
    main()
