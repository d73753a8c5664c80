/** What holds for every session, whoever uses it. Importing it puts it in force. */
import "./audit.js";
import "./soft-delete.js";
import "./tenancy.js";
