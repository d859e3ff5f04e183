"""Times whole processes on the same rows and cores: gonogo, and what a trainer does before its first step.

    python benches/against_datasets.py target/release/gonogo DATA.jsonl MODEL

DATA has chat messages in rows, MODEL is a folder with a tokenizer and a chat template. Needs datasets and transformers.
Every way runs as a process of its own, starting with nothing cached; of gonogo the best of three runs counts. The ways
take turns, so that what else the machine does is spread over them.
"""

import subprocess
import sys
import tempfile
import time

PEER = """
import sys
import datasets
from transformers import AutoTokenizer

data, model, cache, processes, batched = sys.argv[1:]
datasets.disable_progress_bars()
tokenizer = AutoTokenizer.from_pretrained(model)
rows = datasets.load_dataset("json", data_files=data, split="train", cache_dir=cache)


def batch(rows):
    texts = tokenizer.apply_chat_template(rows["messages"], tokenize=False)
    return {"input_ids": tokenizer(texts, add_special_tokens=False)["input_ids"]}


def row(row):
    return {"input_ids": tokenizer.apply_chat_template(row["messages"], tokenize=True, return_dict=True)["input_ids"]}


rows.map(
    batch if batched == "yes" else row,
    batched=batched == "yes",
    num_proc=int(processes) or None,
    remove_columns=rows.column_names,
)
"""


def seconds(command):
    start = time.time()
    code = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
    # The verdict is 0 or 1; anything else is no measurement.
    if code not in (0, 1):
        sys.exit(f"{' '.join(command[:3])} … ended with {code}")
    return time.time() - start


def peer(data, model, processes, batched):
    with tempfile.TemporaryDirectory() as cache:
        return seconds([sys.executable, "-c", PEER, data, model, cache, str(processes), batched])


def main():
    gonogo, data, model = sys.argv[1:]
    check = [gonogo, "check", data, "-m", model, "--isolated", "-q", "--no-cache"]
    ours = {
        "check": check,
        "--trainer trl": [*check, "--trainer", "trl"],
        "--select dup,length": [*check, "--select", "dup,length"],
        "--select length": [*check, "--select", "length"],
    }
    peers = {
        "map, row by row, as TRL does": (0, "no"),
        "map, row by row, num_proc=2": (2, "no"),
        "map, in batches, num_proc=2": (2, "yes"),
    }
    best = dict.fromkeys(ours, float("inf"))
    theirs = {}
    for name, way in peers.items():
        for own, command in ours.items():
            best[own] = min(best[own], seconds(command))
        theirs[name] = peer(data, model, *way)
    print(f"{'':38}" + "".join(f"{own:>20}" for own in best))
    print(f"{'':38}" + "".join(f"{took:>18.2f} s" for took in best.values()))
    for name, other in theirs.items():
        print(f"{name:30}{other:>6.1f} s" + "".join(f"{other / took:>19.1f}x" for took in best.values()))


if __name__ == "__main__":
    main()
