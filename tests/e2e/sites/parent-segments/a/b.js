say();
