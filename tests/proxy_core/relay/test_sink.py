from proxy_core.relay.sink import Sink
from proxy_core.server.reply import HttpSink
from tests.proxy_core.relay.rig import Client


def test_the_server_s_sink_and_the_tests_fit_the_contract() -> None:
    kinds: tuple[type[Sink], ...] = (HttpSink, Client)
    wanted = {name for name in dir(Sink) if not name.startswith("_")}
    for kind in kinds:
        assert wanted <= set(dir(kind))
