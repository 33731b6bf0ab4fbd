"A stand-in for the hub, for tests: small data sets and models in its cache, under real names."
from pathlib import Path


def fill_hub_cache(cache, name, config, splits):
    "Data sets, one for each split, into a folder that will serve as HF_HOME: `load_dataset` finds them offline."
    from datasets.packaged_modules.parquet.parquet import Parquet
    owner, short = name.split("/")
    folder = Path(cache) / "datasets"
    files = {split: str(folder / f"{owner}-{short}-{split}.parquet") for split in splits}
    folder.mkdir(parents=True, exist_ok=True)
    for split, data in splits.items(): data.to_parquet(files[split])
    how = dict(dataset_name=short, config_name=config, config_id=config, hash="0" * 40, data_files=files)
    Parquet(cache_dir=str(folder), **how).download_and_prepare()
    (folder / short).rename(folder / f"{owner}___{short}")


def fill_model_cache(cache, name, network, tokenizer):
    "A network and its tokenizer, likewise."
    folder, revision = Path(cache) / "hub" / f"models--{name.replace('/', '--')}", "0" * 40
    for saved in (network, tokenizer): saved.save_pretrained(folder / "snapshots" / revision)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text(revision)
