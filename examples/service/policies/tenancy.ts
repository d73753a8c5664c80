/**
 * Every session sees one shop. What it reads is narrowed to that shop, whatever the statement, joins and eager loads included; what it adds gets that shop.
 * A session that was not told of a shop reads and writes nothing.
 */
import { event, type LoadOption, withLoaderCriteria } from "athanor";
import { ShopOwned } from "../entities/index.js";
import { EVERY_SHOP, servedBy } from "../scope.js";
import { Session } from "../session.js";

/** One option for each shop, as the condition is the same for all its statements. */
const criteria = new Map<number, LoadOption>();

function criteriaOf(shopId: number): LoadOption {
  let option = criteria.get(shopId);
  if (option === undefined) {
    option = withLoaderCriteria(ShopOwned, (entity) => entity.shopId.eq(shopId), { includeAliases: true });
    criteria.set(shopId, option);
  }
  return option;
}

function shopIdOf(session: object): number | typeof EVERY_SHOP {
  const { shop } = servedBy(session);
  if (shop === undefined) throw new Error("No shop was chosen for this session: open its scope with one (scope.ts).");
  return shop === EVERY_SHOP ? EVERY_SHOP : shop.id;
}

event.listen(Session, "doOrmExecute", (state) => {
  // Loads that follow from a statement have its options already.
  if (state.isInsert || state.isColumnLoad || state.isRelationshipLoad) return;
  const shop = shopIdOf(state.session);
  if (shop === EVERY_SHOP) return;
  const narrows = (state.isSelect && !state.isFromStatement) || state.isUpdate || state.isDelete;
  if (!narrows)
    throw new Error("SQL text cannot be narrowed to a shop: write the statement with select(), update() or del().");
  state.addOptions(criteriaOf(shop));
});

event.listen(Session, "beforeFlush", (session) => {
  for (const object of [...session.new, ...session.dirty]) {
    if (!(object instanceof ShopOwned)) continue;
    const shop = shopIdOf(session);
    if (shop === EVERY_SHOP) continue;
    object.shopId ??= shop;
    if (object.shopId !== shop)
      throw new Error(`A ${object.constructor.name} of another shop was about to be written.`);
  }
});
