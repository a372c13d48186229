# The public names: the one list that the lazy loader, type checkers and editors read.
from . import (
    networks as networks,
    objectives as objectives,
    optimizers as optimizers,
    stabilizers as stabilizers,
)
from .config import GANConfig as GANConfig
from .evaluation import Evaluation as Evaluation
from .load import Run as Run, load_run as load_run
from .records import Record as Record
from .report.comparison import write_comparison as write_comparison
from .report.single import write_report as write_report
from .result import TrainResult as TrainResult
from .resume import resume_gan as resume_gan
from .run_directory import RunDirectory as RunDirectory
from .trainer import train_gan as train_gan
