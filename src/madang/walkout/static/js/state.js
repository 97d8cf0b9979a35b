// What the page knows of the shop, kept up by the hub's events.
export const state = {
  shop: null, plan: null, items: {}, people: [], carts: new Map(), receipts: new Map(), moves: new Map(), gates: new Map(),
  stock: {}, books: null, health: null, uplink: null, totals: null, promise: null, clock: null, clockAt: 0, chosen: null, gondola: null,
};
const LIMITS = { receipts: 60, moves: 40, gates: 40 };

export const level = (facing) => {
  const counts = state.stock[facing.id];
  const full = facing.full && Object.values(facing.full).reduce((a, b) => a + b, 0);
  if (!counts) return { n: null, full, name: "unknown" };
  const n = Object.values(counts).reduce((a, b) => a + b, 0);
  if (n <= 0) return { n, full, name: "empty" };
  if (!full) return { n, full, name: "full" };
  const share = n / full;
  return { n, full, name: share < 0.3 ? "low" : share < 0.6 ? "half" : "full" };
};

function keep(map, limit, one) {
  map.delete(one.id);
  map.set(one.id, one);
  while (map.size > limit) map.delete(map.keys().next().value);
}

export const take = {
  snapshot(all) {
    Object.assign(state, { shop: all.shop, plan: all.plan, items: all.items, stock: {} });
    for (const key of ["carts", "receipts", "moves", "gates"]) state[key].clear();
    all.carts.forEach(take.cart);
    for (const key of Object.keys(LIMITS)) all[key].forEach((one) => keep(state[key], LIMITS[key], one));
    for (const key of ["clock", "people", "stock", "books", "health", "uplink", "totals", "promise"]) if (all[key]) take[key](all[key]);
  },
  clock(data) { state.clock = data; state.clockAt = performance.now(); },
  people(data) { state.people = data.people; },
  cart(data) { state.carts.set(data.visit, data); },
  receipt(data) { keep(state.receipts, LIMITS.receipts, data); },
  move(data) { const known = state.moves.has(data.id); known ? state.moves.set(data.id, data) : keep(state.moves, LIMITS.moves, data); return known; },
  gate(data) { keep(state.gates, LIMITS.gates, data); },
  stock(data) { Object.assign(state.stock, data.stock); },
  books(data) { state.books = data; },
  health(data) { state.health = data; },
  uplink(data) { state.uplink = data; },
  totals(data) { state.totals = data; },
  promise(data) { state.promise = data; },
};
