CREATE TABLE [dbo].[Orders] (
    [Id] INT NOT NULL PRIMARY KEY
);
