/** A directed graph: nodes, and edges that are objects. SQLAlchemy: `examples/graphs`. */
import { expect, test } from "vitest";
import {
  attrs,
  Column,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  select,
  selectinload,
  t,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("graph_nodes")
class GraphNode {
  @PrimaryKey(t.integer) id!: number;
  @OneToMany(
    () => Edge,
    (e) => e.lower,
    { cascade: ["all", "delete-orphan"] },
  )
  up!: Edge[];
  @OneToMany(
    () => Edge,
    (e) => e.higher,
    { cascade: ["all", "delete-orphan"] },
  )
  down!: Edge[];

  leadTo(...nodes: readonly GraphNode[]): this {
    for (const higher of nodes) make(Edge, { lower: this, higher, weight: 1 });
    return this;
  }
  get higher(): GraphNode[] {
    return this.up.map((edge) => edge.higher);
  }
}

@reg.Entity("graph_edges")
class Edge {
  @PrimaryKey(t.integer, { foreignKey: "graph_nodes.id" }) lowerId!: number;
  @PrimaryKey(t.integer, { foreignKey: "graph_nodes.id" }) higherId!: number;
  @Column(t.integer) weight!: number;
  @ManyToOne(
    () => GraphNode,
    (n) => n.up,
    { foreignKeys: ["lowerId"] },
  )
  lower!: Relation<GraphNode>;
  @ManyToOne(
    () => GraphNode,
    (n) => n.down,
    { foreignKeys: ["higherId"] },
  )
  higher!: Relation<GraphNode>;
}

test("[EX-01] a graph with a circle is stored, walked level by level, and loses the edges of a node with it", async () => {
  const { Session, engine } = await storeFor(reg);
  await Session.begin((s) => {
    const [one, two, three] = [1, 2, 3].map((id) => make(GraphNode, { id, up: [], down: [] }));
    one.leadTo(two, three);
    two.leadTo(three);
    three.leadTo(one);
    s.addAll([one, two, three]);
  });
  using log = recordStatements(engine);
  await using session = Session();
  const nodes = await session
    .scalars(
      select(GraphNode)
        .orderBy((n) => n.id)
        .options(selectinload(GraphNode, (n) => n.up).selectinload((e) => e.higher)),
    )
    .all();
  expect(nodes.map((node) => node.higher.map((each) => each.id).sort())).toEqual([[2, 3], [3], [1]]);
  expect(log.count("SELECT")).toBe(2);
  await session.delete(nodes[2]);
  await session.commit();
  const e = attrs(Edge);
  const left = await session.execute(select(e.lowerId, e.higherId)).all();
  expect(left.map((row) => [...row])).toEqual([[1, 2]]);
});
