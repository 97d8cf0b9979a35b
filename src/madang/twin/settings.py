"""How good the sensors are: every figure of the twin's imperfections, with where it comes from (details in
``docs/twin.md``).
"""

from __future__ import annotations

from dataclasses import dataclass

from madang.kernel import Invalid


@dataclass(frozen=True, slots=True)
class Settings:
    """Noise and faults of a shop's sensors. Shares and rates are probabilities per thing named; the defaults are
    ``normal``.
    """

    # load plates
    noise_sd_g: float = 0.61  # median over plates; AiFi take: .61, p95 3.0, max 6.3
    noise_p95_g: float = 3.0
    noise_max_g: float = 6.3
    drift_g: float = 1.5  # amplitude of the slow drift; AiFi FAQ: "drifts over hours or days", size our choice
    fast_drift_share: float = 0.0  # plates that drift within minutes
    crosstalk_sd: float = (
        0.004  # lasting share of a load change that shows on a neighbour; AiFi take: about 1 % at most
    )
    grip_g: float = 12.0  # median force noise of a hand at work (AiFi take: +126 / -190 g beyond the step)
    bump_share: float = 0.3  # reaches that shake the whole gondola (AiFi take: up to 518 g peak to peak)
    dead_share: float = 0.0
    stuck_share: float = 0.0
    weight_factor_sd: float = 0.0  # true mean weight against the catalogue's, per product
    wrong_weight_share: float = 0.0  # products whose catalogue weight is plainly wrong (8 to 25 % off, our choice)
    # batches on their way
    clock_offset_s: float = 0.05  # largest constant clock offset of any device
    loss: float = 0.001
    duplicate: float = 0.003
    late: float = 0.002
    late_max_s: float = 2.5
    repeat: float = 0.0  # the gateway sends the previous batch's content again
    # cameras
    frame_hz: float = 10.93  # AiFi take
    double_share: float = 0.3  # frames followed by a second one 7 ms later (AiFi take)
    frame_loss: float = 0.005
    joint_sd_m: float = 0.010  # our choice
    wrist_sd_m: float = 0.018  # our choice
    unseen: float = 0.015  # joints missing in a frame; AiFi take: 1 %
    occlusion_per_min: float = 0.5  # arms or whole bodies hidden for a while
    restart: float = 0.0  # a walk loses the track, a new id follows
    swap: float = 0.0  # two tracks swap ids when people stand together
    ghosts_per_min: float = 0.0
    # gate
    gate_unbound: float = 0.01
    exit_missing: float = 0.0
    # edge classifier
    vision: bool = True
    vision_seen: float = 0.8
    vision_right: float = 0.85
    wrong_hand: float = 0.05


CLEAN = Settings(
    noise_sd_g=0.0, noise_p95_g=0.0, noise_max_g=0.0, drift_g=0.0, crosstalk_sd=0.0, bump_share=0.0, clock_offset_s=0.0,
    loss=0.0, duplicate=0.0, late=0.0, double_share=0.0, frame_loss=0.0, joint_sd_m=0.002, wrist_sd_m=0.002, unseen=0.0,
    occlusion_per_min=0.0, gate_unbound=0.0, vision_seen=1.0, vision_right=1.0, wrong_hand=0.0,
)  # fmt: skip
"""No faults and no noise: for tests and for asking what the sensors themselves cost."""

NORMAL = Settings()
"""A well-kept shop."""

WIDE = Settings(
    noise_sd_g=1.1, noise_p95_g=5.0, noise_max_g=14.0, drift_g=4.0, fast_drift_share=0.05, crosstalk_sd=0.010,
    grip_g=18.0, bump_share=0.5, dead_share=0.01, stuck_share=0.005, weight_factor_sd=0.01, clock_offset_s=0.15,
    loss=0.006,
    duplicate=0.012, late=0.015, repeat=0.002, frame_loss=0.02, joint_sd_m=0.014, wrist_sd_m=0.026, unseen=0.03,
    occlusion_per_min=2.0, restart=0.03, swap=0.04, ghosts_per_min=0.5, gate_unbound=0.06, exit_missing=0.03,
    vision_seen=0.65, vision_right=0.7,
)  # fmt: skip
"""A badly kept one: everything the hard cases of ``docs/walkout.md`` name, at once."""

PRESETS = {"none": CLEAN, "normal": NORMAL, "wide": WIDE}


def preset(name: str) -> Settings:
    """The settings called ``none``, ``normal`` or ``wide``; ``Invalid`` otherwise."""
    if name not in PRESETS:
        raise Invalid(
            "twin.no_such_faults",
            ko=f"고장 수준 '{name}'은(는) 없습니다.",
            en=f"There is no fault level '{name}'.",
            next_ko=f"{', '.join(PRESETS)} 중에서 고르세요.",
            next_en=f"Choose one of {', '.join(PRESETS)}.",
            faults=name,
        )
    return PRESETS[name]
