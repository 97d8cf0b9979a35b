"""Every number the engine may be tuned by: few, physical, with unit and source. None is fitted to a single
recording."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, cast

from madang.walkout.engine.doubt import BASE, PRICES


class Settings(NamedTuple):
    """Defaults hold for AiFi-like shops; sources are sections of the project's field notes and docs/walkout.md."""

    plate_noise_g: float = 0.6
    """Noise of a plate's 0.2 s median before it has been observed (quiet sd of a real take, median over plates)."""
    plate_noise_min_g: float = 0.25
    """Noise is never believed to be smaller (resolution of a plate is 0.1 g)."""
    plate_noise_max_g: float = 6.3
    """... nor larger (largest quiet sd of 278 live plates of a real take)."""
    move_g: float = 2.5
    """A plate that is this far off its rest level is being touched; a third of the lightest usual item."""
    move_sigmas: float = 5.0
    """... or this many times its own noise."""
    settle_g: float = 1.5
    """Three batches within this are at rest."""
    settle_share: float = 0.01
    """... or within this share of the change (a heavy item swings longer)."""
    patience_s: float = 3.0
    """A plate that does not come to rest for this long is given a wider tolerance, second by second (it is noisy,
    not touched)."""
    restless_g: float = 15.0
    """... if it stays within this of its level."""
    rest_batches: int = 10
    """Batches over which a rest level is averaged: 2 s, against drift of up to about 1 g/s."""
    still_share: float = 0.03
    """A live plate says nothing new for a second this often, before it has been observed (noise of .25 g at a
    resolution of .1 g repeats a 0.2 s median about every second time) ..."""
    still_weight: float = 30.0
    """... which counts as much as this many seconds of its own past."""
    still_odds: float = 1e-6
    """A plate that is silent longer than a live one ever is with this probability is stuck."""
    dead_looks: int = 2
    """A plate that measures nothing for this many seconds is dead."""
    noisy_g: float = 4.5
    """A plate is called noisy from here on (95 % of a real take's plates are below 3 g): light goods drown there."""
    silent_s: float = 2.0
    """A gondola that sends nothing for this long is silent: ten batches."""
    well_looks: int = 30
    """A sensor is called well again after as many seconds without trouble."""
    touch_g: float = 12.0
    """A hand that presses less than this on a plate has not been felt (a light grip is 15 g and more) ..."""
    touch_sigmas: float = 10.0
    """... or less than this many times the plate's noise ..."""
    touch_ratio: float = 3.0
    """... or less than this many times what the rest of the shelf shook meanwhile."""
    touch_wait_s: float = 3.0
    """A reach is judged this long after the hand left: by then what it took has been weighed."""
    touch_again_s: float = 10.0
    """The same person at the same facing within this time is the same touch."""
    lateness_s: float = 0.9
    """A batch that comes later than this after its own time is treated as lost; its successor carries the level
    anyway."""
    overtaken_s: float = 0.12
    """A message that a later one of the same sensor has overtaken is waited for so much longer. A sensor's messages
    come in order but for jitter (hundredths of a second); of those overtaken, nine in ten come half a
    second later and more, or never (95 recordings: 1,650 of 111,265), and all carts would wait for them."""
    frame_gap_s: float = 0.03
    """Frames closer to the one before say nothing new (cameras often send a second frame 7 ms later)."""
    coast_s: float = 0.45
    """A body not seen for this long is lost; its next track is a continuation to be proved."""
    step_m: float = 0.18
    """Joint noise between two frames."""
    walk_m_s: float = 1.9
    """Fastest walk in a shop."""
    same_track_m: float = 0.12
    """How much nearer another body must be before the camera's track id is disbelieved."""
    confirm_frames: int = 9
    """Frames until a track counts as a person (about 0.8 s); ghosts are shorter."""
    confirm_s: float = 1.1
    """... and until it is matched with the people who are out of sight: others may reappear meanwhile."""
    ghost_hidden: float = 0.25
    """A track with more than this share of joints unseen is a ghost."""
    lost_s: float = 20.0
    """Longest gap over which a lost body is taken up again."""
    height_sd_m: float = 0.025
    """Spread of a head height estimated from a second of frames."""
    gate_margin_m: float = 0.15
    """The gate area is widened by this."""
    gate_wait_s: float = 1.2
    """A gate event is settled this long after it happened: a new track needs 0.8 s to count as a person."""
    follow_s: float = 8.0
    """A follower without credential belongs to the group before him if he comes within this time of its last
    member."""
    gone_s: float = 2.0
    """A body last seen in the gate area is gone after this time, with or without a gate event."""
    grasp_before_s: float = 0.4
    """The hand is at the goods from this long before the load changes (MERL: median hand-in-shelf 39 frames at 30
    Hz) ..."""
    grasp_after_s: float = 0.05
    """... to this long after it."""
    clock_sd_s: float = 0.12
    """Spread of the difference between shelf and camera clocks before it has been observed."""
    clock_gain: float = 0.7
    """Weight of one clear grasp in learning that difference (frames of one grasp are not independent)."""
    reach_along_sd_m: float = 0.055
    """Spread of the wrist along the shelf about the middle of what it takes: half a plate's width."""
    reach_front_m: float = 0.07
    """A taking wrist is inside the shelf or at most this far in front of it (the hand is ahead of the wrist
    joint)."""
    reach_depth_sd_m: float = 0.06
    """... with this tolerance (joint noise, items that stick out)."""
    reach_height_sd_m: float = 0.06
    """Tolerance of the wrist's height beyond the shelf's clear height."""
    step_g: float = 2.0
    """Smaller changes of a plate are not looked at: a fifth of the lightest item on a quiet plate."""
    step_sigmas: float = 4.0
    """... or this many times the plate's noise."""
    neighbour_plates: int = 2
    """Plates this far apart may carry the same item (one dead plate between them)."""
    together_s: float = 0.85
    """Changes of neighbouring plates within this time are one movement."""
    refine_s: float = 0.25
    """A shift is given out this long after its plates rested; its level is finer then."""
    neighbour_wait_s: float = 0.9
    """... but waits up to this long for a neighbouring plate that still moves; then that one is taken as it is."""
    force_wait_s: float = 2.5
    """... and one that moves on and on is taken as it is after this time."""
    stair_s: float = 0.5
    """Movements of plates this far apart may be those of different hands; a level in between lasts as long."""
    stair_share: float = 0.2
    """Such a level is this steady at least (median deviation as a share of the smaller step): the next hand shakes
    it."""
    hold_s: float = 9.0
    """A change that no product explains waits this long for its rest while a hand stays in the shelf (long hold,
    slow pick)."""
    quiet_hold_s: float = 2.0
    """... and one that is explained waits this long for the hand to leave."""
    hold_wait_s: float = 4.0
    """... and this long for its plates to come to rest."""
    hold_sd_g: float = 1.5
    """Drift of a plate during a hold."""
    hidden_nats: float = 3.0
    """Price of a body that no camera saw during a change, if it may have been there."""
    late_nats: float = 3.5
    """Price of a change having happened earlier than its plates say, where nobody's hand was there at the time."""
    staff_takes: float = 0.3
    """A member of staff takes goods off a shelf this often, compared with a shopper."""
    hand_in_nats: float = 4.0
    """A hand is in the shelf when its cost is below this (about 2.8 standard deviations)."""
    fit_sigmas: float = 3.0
    """A change within this many standard deviations of an explanation is explained."""
    junk_g: float = 4.0
    """Scale of level changes that are no goods: bumps, cable drag, drift (Laplace)."""
    junk: float = 0.02
    """Share of such among the changes above the thresholds."""
    crosstalk: float = 0.025
    """Changes below this share of the largest one on the shelf are crosstalk (load cells of one frame)."""
    crosstalk_sd: float = 0.006
    """Spread of a change by crosstalk, share of the largest change on the shelf."""
    unit_sd_share: float = 0.01
    """Unit-to-unit spread of a weight when the catalogue has none (DLSU smart shelf: 0.3 to 5.5 %)."""
    unit_usual_g: float = 250.0
    """What a product weighs of which nothing is known: the middle of the goods of a neighbourhood shop ..."""
    unit_usual_sd: float = 1.05
    """... and the spread of the natural log of it (148 products, 14 to 4,030 g)."""
    foreign_goods: float = 0.01
    """Probability that a thing in a facing is none of the shelf's (another shelf's, a new pack; a fifth of
    `wrong_planogram` for some twenty others)."""
    wrong_weight: float = 0.03
    """Probability that a catalogue weight is wrong (10 of 711 lack one in the AiFi catalogue; labels change)."""
    wrong_weight_sd: float = 0.12
    """By what share it is wrong then."""
    wrong_count: float = 0.02
    """Probability that a facing holds more than was counted (miscounts and unseen restocking; our choice)."""
    wrong_planogram: float = 0.002
    """Probability that a given other product of the shelf lies in a facing."""
    learn_from: float = 0.9
    """A pick teaches weights and the planogram when its product is this sure."""
    learn_picks: int = 2
    """So many picks that agree teach another weight than the catalogue's: one may be two people's."""
    learn_band: float = 0.15
    """... at most this share away from the weight the run began with (more is another product or another pack; the band
    of what a shop learns from settled receipts, docs/learning.md)."""
    two_kinds: float = 0.12
    """Probability that a grab takes a second kind."""
    share_sd_g: float = 3.0
    """How far the load of an item may be from its facing's plates, grams ..."""
    share_sd: float = 0.07
    """... and as a share of the item (it stands over the edge)."""
    prune_nats: float = 12.0
    """Explanations this much less likely than the best are dropped."""
    nobody_nats: float = 12.0
    """A change that no visible hand caused is this much less likely than one with a hand at the plates."""
    unexplained_nats: float = 14.0
    """... and one that is no known movement of goods at all."""
    together: float = 0.4
    """Two people taking at the same instant against one person taking both, given both hands there."""
    touch_only: float = 0.25
    """A hand at the plates takes nothing with this probability."""
    again_s: float = 2.3
    """A hand takes the next thing so long after one, in the middle: it draws back and reaches out again (MERL: 34 and
    33 frames of 30 Hz in the middle, 67 and 56 at the 95th percentile) ..."""
    again_sd: float = 0.27
    """... with this spread of the natural log of it ..."""
    again_share: float = 0.05
    """... or somebody takes it with the other hand, or without drawing back (our choice)."""
    reach_share: float = 0.15
    """A reach that spent less than this share of its time over a facing did not take from it."""
    pause_m: float = 0.12
    """A hand that takes something stands still for a grasp's time: it moves less than this (noise of a wrist; a hand
    that passes by moves .2 m and more) ..."""
    reach_deep_m: float = 0.1
    """... with the wrist at most this far inside the front edge of the plates: further in there are goods."""
    blind_take: float = 0.7
    """Such a hand over plates that would have shown nothing took something with this probability (62 % of the pauses of
    the simulated recordings, 80 % of those of the twin; the others touch, or put back)."""
    unfelt: float = 0.5
    """A hand that stopped among goods and took none was not felt by plates that see with this probability."""
    blind_put: float = 0.5
    """A hand at the facing of something that it took there a moment ago puts it back with this probability (recordings
    .73, twin .31) ..."""
    blind_put_late: float = 0.1
    """... and otherwise, of what somebody holds who has been there before, with this one (.13; .06) ..."""
    look_s: float = 3.0
    """... a moment being at least this long (looking at a product takes 2.7 s in the middle, MERL) ..."""
    looked_s: float = 15.0
    """... and at most this long (12 s and the way back)."""
    least_missed: float = 0.01
    """Takes that the plates may have missed are followed from this probability on."""
    part_seen: float = 0.002
    """Plates show only a part of a take with this probability (a neighbour was noisy, or its change was lost) ..."""
    part_blind: float = 0.5
    """... and with this one where a plate of the facing is dead or stuck."""
    retake: float = 0.3
    """A take where a misplaced item lies is that item with this probability."""
    floor_m: float = 0.30
    """A wrist below this height, and away from the shelves or below them all, leaves something on the floor."""
    floor_leaves: float = 0.85
    """Such a reach leaves something there with this probability."""
    contact_m: float = 0.2
    """Wrists of two people nearer than this may hold the same item."""
    contact_s: float = 0.35
    """... for at least this long."""
    contact_speed_m_s: float = 0.35
    """... while both stand (spread of the speed of somebody who stands)."""
    contact_clear_m: float = 0.22
    """... away from the shelves, where hands meet for other reasons."""
    contact_raised: float = 0.64
    """... with wrists raised above this share of the neck's height (hanging hands are at .61)."""
    contact_wait_s: float = 3.5
    """A contact is judged this long after it, when what was taken before it is known."""
    contact_gives: float = 0.25
    """Such a contact hands something over with this probability, before its shape is looked at."""
    contact_crowd: float = 2.0
    """... less often where hands meet all the time: half as likely after so many meetings within a minute."""
    hand_keeps: float = 0.7
    """What a hand gives or leaves is what that hand took last; items are seldom moved from hand to hand ..."""
    last_item: float = 0.6
    """... and otherwise it is what was taken last with either hand with this probability."""
    let_go_s: float = 9.0
    """What is given or left was taken so long before, on average (recordings: 8.8 s, 8 times; what was taken longer ago
    is in the bag): of two things a hand may let go of, the later one is the likelier."""
    put_home: float = 0.85
    """An item that is put down is put where it belongs (56 put-backs of the competition's cases)."""
    put_last: float = 0.8
    """... and it is what its owner took last (nearly all put-backs are changes of mind within seconds: 136 of 141 of
    the simulated recordings, all of the twin's); else anything else held."""
    mate: float = 0.2
    """... it was taken by a companion rather than by the one who puts it down."""
    handed: float = 0.01
    """... it was taken by a stranger."""
    missed: float = 0.0002
    """... its take was missed."""
    sight_s: float = 1.0
    """A classifier's look belongs to a change within this time."""
    sight_trust: float = 0.7
    """Exponent that tempers an over-confident classifier."""
    sight_floor: float = 0.005
    """Probability that the classifier gives to a product outside its five best."""
    handed_margin_nats: float = 3.0
    """What the likeliest owner explains within this of what a stranger's item would is no stranger's item."""
    beam: int = 80
    """Hypotheses that are kept about people whose fates hang together."""
    together_most: int = 3
    """So many people (or misplaced items) are followed together; of longer chains the strongest ties are kept."""
    beam_nats: float = 9.0
    """Hypotheses this much less likely than the best are dropped."""
    dependent_nats: float = 0.01
    """People are followed apart when what is unknown of one tells less than this about the other (mutual
    information)."""
    ways_nats: float = 5.0
    """Who is less likely than this to have caused a change is left out of it."""
    ways: int = 14
    """Explanations of one change that are followed."""
    story_s: float = 120.0
    """Moves older than this are told no other way any more."""
    model_doubt: float = BASE
    """Doubt in every receipt, nats ..."""
    doubts: Mapping[str, float] = PRICES
    """... and per kind of evidence (`doubt.py`), nats each; fitted on simulated shops (docs/walkout.md)."""
    memory_s: float = 40.0
    """How long hands and looks are kept."""
    vanished_s: float = 300.0
    """Who has not been seen for this long has left, wherever he was."""
    receipt_wait_s: float = 2.0
    """A receipt is settled this long after the last person of a visit left, so that late batches and last put-backs
    still count."""
    as_likely: float = 0.75
    """Carts at least this likely, compared with the likeliest, may be charged instead if they cost less when wrong."""
    over_costs: float = 2.0
    """Charging a shopper too much costs this many times as much as charging too little."""
    charge_confidence: float = 0.9
    """Charge without a person's look when the receipt is exact with at least this probability."""


class _Read:
    __slots__ = Settings._fields


def to_read(settings: Settings) -> Settings:
    """The same for who reads them all the time: of a named tuple that takes twice as long as of slots."""
    out = _Read()
    for name, value in zip(Settings._fields, settings, strict=True):
        setattr(out, name, value)
    return cast(Settings, out)
