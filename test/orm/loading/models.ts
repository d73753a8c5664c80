/** Classes for the tests of loading: authors, posts, tags, comments, a tree, and two hierarchies. */
import {
  Column,
  ManyToMany,
  ManyToOne,
  OneToMany,
  OneToOne,
  PrimaryKey,
  type Relation,
  registry,
  t,
} from "../../../src/index.js";

export const library = registry();
const { Entity: Mapped } = library;

@Mapped("authors")
export class Author {
  @PrimaryKey() id!: number;
  @Column() name!: string;
  @Column(t.boolean) active!: boolean;
  @Column(t.datetime, { nullable: true }) born!: Date | null;
  @Column(t.text, { nullable: true, deferred: true }) bio!: string | null;
  @Column(t.text, { nullable: true, group: "big" }) photo!: string | null;
  @Column(t.text, { nullable: true, group: "big" }) letter!: string | null;
  @OneToMany(
    () => Post,
    (p) => p.author,
    { orderBy: "id" },
  )
  posts!: Post[];
  @OneToOne(
    () => Profile,
    (p) => p.author,
  )
  profile!: Relation<Profile> | null;
}

@Mapped("profiles")
export class Profile {
  @PrimaryKey() id!: number;
  @Column() motto!: string;
  @OneToOne(
    () => Author,
    (a) => a.profile,
    { owner: true },
  )
  author!: Relation<Author> | null;
}

@Mapped("posts")
export class Post {
  @PrimaryKey() id!: number;
  @Column() title!: string;
  @ManyToOne(
    () => Author,
    (a) => a.posts,
  )
  author!: Relation<Author> | null;
  @Column(t.integer, { nullable: true, foreignKey: "authors.id" })
  authorId!: number | null;
  @ManyToMany(
    () => Tag,
    (g) => g.posts,
    { orderBy: "name" },
  )
  tags!: Tag[];
  @OneToMany(
    () => Comment,
    (c) => c.post,
    { orderBy: "id" },
  )
  comments!: Comment[];
}

@Mapped("comments")
export class Comment {
  @PrimaryKey() id!: number;
  @Column() text!: string;
  @ManyToOne(
    () => Post,
    (p) => p.comments,
  )
  post!: Relation<Post> | null;
}

@Mapped("tags")
export class Tag {
  @PrimaryKey() id!: number;
  @Column() name!: string;
  @ManyToMany(
    () => Post,
    (p) => p.tags,
  )
  posts!: Post[];
}

@Mapped("nodes")
export class TreeNode {
  @PrimaryKey() id!: number;
  @Column() name!: string;
  @ManyToOne(
    () => TreeNode,
    (n) => n.children,
  )
  parent!: Relation<TreeNode> | null;
  @OneToMany(
    () => TreeNode,
    (n) => n.parent,
    { orderBy: "id" },
  )
  children!: TreeNode[];
}
