from app.bridge import Bridge
from app.window import Host, WindowSpec
from proxy_core.registry import discover
from tests.app.fakes import FakeHost, FakeLines, status


def test_bridge_and_fake_are_hosts() -> None:
    hosts: tuple[Host, ...] = (FakeHost(status()), Bridge(FakeLines().open))
    wanted = {name for name in vars(Host) if not name.startswith("_")}
    for host in hosts:
        assert wanted <= set(dir(host))


def test_the_shelf_holds_windows() -> None:
    found: dict[str, WindowSpec] = discover("app.windows", "WINDOWS", WindowSpec)
    assert "status" in found
    for name, spec in found.items():
        assert isinstance(spec, WindowSpec)
        assert (spec.name, bool(spec.title)) == (name, True)
    assert len({spec.order for spec in found.values()}) == len(found)
