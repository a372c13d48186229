# The public names of the package, loaded on first use.
from .audit import audit_critic as audit_critic
from .diagnosis import Diagnosis as Diagnosis
from .load import load_critic as load_critic
from .plot import critic_audit as critic_audit
from .result import CriticAudit as CriticAudit
