import {
  asyncSessionmaker,
  Column,
  configureMappers,
  createAsyncEngine,
  Entity,
  ManyToOne,
  metadata,
  OneToMany,
  PrimaryKey,
  type Relation,
  select,
  selectinload,
  t,
} from "athanor";

@Entity("users")
class User {
  @PrimaryKey(t.integer) id!: number;
  @Column(t.string(50)) name!: string;
  @Column(t.text, { nullable: true }) bio!: string | null;
  @OneToMany(
    () => Post,
    (p) => p.author,
    { cascade: ["all", "delete-orphan"], orderBy: (p) => p.id },
  )
  posts!: Post[];
}

@Entity("posts")
class Post {
  @PrimaryKey(t.integer) id!: number;
  @Column(t.string) title!: string;
  @ManyToOne(
    () => User,
    (u) => u.posts,
  )
  author!: Relation<User> | null;
}

configureMappers();
const engine = createAsyncEngine("sqlite://");
await metadata.createAll(engine);
const Session = asyncSessionmaker(engine, { expireOnCommit: false });
const session = Session();
const posts = ["Hello", "World"].map((title) => Object.assign(new Post(), { title }));
session.add(Object.assign(new User(), { name: "Alice", posts }));
await session.commit();
session.expungeAll();

const found: User[] = await session
  .scalars(
    select(User)
      .where((u) => u.name.like("Al%"))
      .options(selectinload(User, (u) => u.posts)),
  )
  .all();
for (const user of found) console.log(`${user.name}: ${user.posts.map((post) => post.title).join(", ")}`);
await session.close();
await engine.dispose();
