from hub.kit.errors import Conflict


class JobStateConflict(Conflict):
    code = "job_state_conflict"
