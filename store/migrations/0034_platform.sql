-- Reserved for what is being built today.
SELECT 1;
