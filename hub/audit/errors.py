from hub.kit.errors import Conflict


class VerificationUnderWay(Conflict):
    code = "verification_under_way"
