/** What options of an execution are, as far as statements know them: the engine and the ORM define their names. */

/**
 * Options of an application's own, which travel with a statement for its hooks to read (`state.executionOptions` in `doOrmExecute`, the events of an
 * engine). Their types are declared by adding to this interface; names that are not declared are taken as they come.
 *
 * @example
 * declare module "athanor" { interface CustomExecutionOptions { readonly cacheFor?: number } }
 * session.execute(select(User), undefined, { cacheFor: 60 });
 */
// biome-ignore lint/suspicious/noEmptyInterface: applications fill it
export interface CustomExecutionOptions {}

/** Options of one execution. */
export interface StatementOptions extends CustomExecutionOptions {
  readonly [name: string]: unknown;
}
