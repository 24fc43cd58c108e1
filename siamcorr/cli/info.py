"""`siamcorr info`: versions, devices, trackers, and every backend with its state."""

from __future__ import annotations

import typer

__all__ = ["info"]


def info() -> None:
    """Print versions, devices, trackers and the correlation backends."""
    from siamcorr.workflows.environment import describe_environment

    found = describe_environment()
    for name, version in found.versions.items():
        typer.echo(f"{name:<12} {version}")
    typer.echo(f"{'threads':<12} {found.threads}")
    typer.echo(f"{'devices':<12} {'; '.join(found.devices)}")
    typer.echo(f"{'trackers':<12} {', '.join(found.trackers)}")
    typer.echo(f"{'configs':<12} {found.configs}")
    typer.echo("backends")
    for name, reasons in found.backends.items():
        typer.echo(f"  {name:<10} {'; '.join(reasons) or 'usable'}")
