# The public names of the package, loaded on first use.
from .comparison import write_comparison as write_comparison
from .single import write_report as write_report
from .terminal import summary_text as summary_text
