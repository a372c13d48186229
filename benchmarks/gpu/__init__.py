"""What only a GPU can show, in parts that `benchmarks/on_gpu.py` runs one by one."""
