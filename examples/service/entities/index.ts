/** All that is stored. */
export { AuditEntry, type Changes } from "./audit-entry.js";
export { Author } from "./author.js";
export { BasketLine } from "./basket-line.js";
export { Book } from "./book.js";
export { Customer, ROLES, type Role } from "./customer.js";
export { Genre } from "./genre.js";
export { Letter } from "./letter.js";
export { ORDER_STATES, Order, OrderLine, type OrderState } from "./order.js";
export { OutboxEvent } from "./outbox-event.js";
export { Review } from "./review.js";
export { Shop, ShopOwned, SoftDeletable } from "./shop.js";
export { SignIn } from "./sign-in.js";
export { Stock } from "./stock.js";
